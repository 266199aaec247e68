// The decoder on Vulkan against reference logits: the small fixtures of this repository, and the conformance kit beside it
// where there is one. Shaders multiply dequantised weights with F32 activations, so quantised models are held to the
// kit's bounds for exact arithmetic.

import Compute
import Foundation
import GGUF
import Testing
import Transformer

@testable import VulkanCompute

struct VulkanReferenceModel: Decodable, Sendable, CustomTestStringConvertible {
    struct Tolerance: Decodable {
        var max_abs_diff_over_std: Float
        var exact_arithmetic_max_abs_diff_over_std: Float?
    }

    struct Case: Decodable {
        var tokens: [Int32]
        var n_ctx: Int
        var positions: [Int]
        var logits: String
        var logits_std: Float
        /// The rows are log-softmax.
        var normalized: Bool?
    }

    var name: String
    /// Of most weights; nil: F32.
    var quant: String?
    var tolerance: Tolerance
    var cases: [Case]
    var folder: URL?

    var testDescription: String { name }
    var bound: Float { tolerance.exact_arithmetic_max_abs_diff_over_std ?? tolerance.max_abs_diff_over_std }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let all: [VulkanReferenceModel] = {
        let folders = ["Tests/Fixtures/logits", "Tests/Fixtures/architectures", "../shared/conformance/logits"].map(
            root.appendingPathComponent)
        return folders.flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
            return names.compactMap { name -> VulkanReferenceModel? in
                let own = folder.appendingPathComponent(name)
                guard let data = try? Data(contentsOf: own.appendingPathComponent("cases.json")),
                    var model = try? JSONDecoder().decode(VulkanReferenceModel.self, from: data)
                else { return nil }
                model.folder = own
                return model
            }
        }
    }()

    func decoder(_ backend: any Backend) throws -> Decoder {
        let path = try #require(folder).appendingPathComponent("model.gguf").path
        return try Decoder(file: try GGUFFile(path: path), backend: backend)
    }

    /// The largest difference from the reference over its standard deviation; `all` holds every position's logits.
    func deviation(of all: [Float], _ test: Case, width: Int) throws -> Float {
        let data = try Data(contentsOf: try #require(folder).appendingPathComponent(test.logits))
        let expected = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let found = test.positions.flatMap { position -> [Float] in
            let row = all[position * width..<(position + 1) * width]
            let top = row.max() ?? 0
            let shift = test.normalized == true ? top + log(row.reduce(0) { $0 + exp($1 - top) }) : 0
            return row.map { $0 - shift }
        }
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0) { largest, pair in
            let difference = abs(pair.0 - pair.1) / test.logits_std
            return difference <= largest ? largest : difference  // NaN counts as largest
        }
    }
}

extension OnDevice {
    @Suite struct ConformanceTests {
        @Test(arguments: VulkanReferenceModel.all)
        func logitsAgree(_ model: VulkanReferenceModel) throws {
            try check(model, on: try #require(TestDevice.backend), bound: model.bound)
        }

        /// Activations are then rounded to 8 bits, as on the CPU, so that the kit's bound for that holds.
        @Test(
            .enabled(if: TestDevice.integerDot != nil, "no integer dot products"),
            arguments: VulkanReferenceModel.all.filter { $0.tolerance.exact_arithmetic_max_abs_diff_over_std != nil })
        func logitsAgreeWithIntegerDots(_ model: VulkanReferenceModel) throws {
            let backend = try #require(TestDevice.integerDot)
            #expect(backend.arithmetic == .integerDot)
            try check(model, on: backend, bound: model.tolerance.max_abs_diff_over_std)
        }

        /// What goes through matrices: prompts of more than 32 tokens, where weights are F16 or quantised.
        @Test(
            .enabled(if: TestDevice.matrices != nil, "no cooperative matrices"),
            arguments: VulkanReferenceModel.all.filter { model in
                model.quant != nil && model.quant != "BF16"
                    && model.cases.contains { $0.tokens.count > VulkanBackend.matvecRows }
            })
        func logitsAgreeWithMatrices(_ model: VulkanReferenceModel) throws {
            let backend = try #require(TestDevice.matrices)
            #expect(backend.arithmetic == .matrices)
            try check(model, on: backend, bound: model.tolerance.max_abs_diff_over_std)
        }

        func check(_ model: VulkanReferenceModel, on backend: VulkanBackend, bound: Float) throws {
            let decoder = try model.decoder(backend)
            for (i, test) in model.cases.enumerated() {
                // The first case in chunks, so that rows also come one by one.
                let chunks = i == 0 ? [1000, 3] : [1000]
                for chunk in chunks {
                    let cache = try decoder.makeCache(context: test.n_ctx, type: .f32)
                    var all: [Float] = []
                    for start in stride(from: 0, to: test.tokens.count, by: chunk) {
                        let part = Array(test.tokens[start..<min(start + chunk, test.tokens.count)])
                        all += try decoder.forward([Run(cache: cache, tokens: part, want: .allLogits)])[0].logits
                    }
                    let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
                    #expect(deviation <= bound, "\(model.name), chunks of \(chunk), \(test.tokens.count) tokens")
                }
            }
        }
    }
}
