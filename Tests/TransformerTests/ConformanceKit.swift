// Finds and reads folders of models with reference logits: the small fixtures of this repository, and the GGUF
// conformance kit beside it where there is one. Both have the same format (Tests/Fixtures/README.md).

import Compute
import Foundation
import GGUF
import Testing

@testable import Transformer

/// One model with its reference logits.
struct ReferenceModel: Decodable, Sendable, CustomTestStringConvertible {
    struct Tolerance: Decodable {
        var max_abs_diff_over_std: Float
        var rel_rms: Float?
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
    var kind: String
    var tolerance: Tolerance
    var cases: [Case]
    var folder: URL?

    var testDescription: String { name }
    var isF32: Bool { kind == "f32" }

    func file() throws -> GGUFFile {
        try GGUFFile(path: try #require(folder).appendingPathComponent("model.gguf").path)
    }

    /// How far logits after every token of a case are from the reference.
    func deviation(of all: [Float], _ test: Case, width: Int) throws -> Deviation {
        let wanted = test.positions.flatMap { position in
            let row = all[position * width..<(position + 1) * width]
            guard test.normalized == true else { return Array(row) }
            let top = row.max() ?? 0
            let shift = top + log(row.reduce(0) { $0 + exp($1 - top) })
            return row.map { $0 - shift }
        }
        return Deviation(wanted, from: try reference(test), unit: test.logits_std)
    }

    private func reference(_ test: Case) throws -> [Float] {
        let data = try Data(contentsOf: try #require(folder).appendingPathComponent(test.logits))
        return data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    /// Every model of the fixtures and of the conformance kit.
    static let all: [ReferenceModel] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folders = ["Tests/Fixtures/logits", "Tests/Fixtures/architectures", "../shared/conformance/logits"].map(
            root.appendingPathComponent)
        return folders.flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
            return names.compactMap { ReferenceModel(folder.appendingPathComponent($0)) }
        }
    }()

    private init?(_ folder: URL) {
        guard let data = try? Data(contentsOf: folder.appendingPathComponent("cases.json")),
            let model = try? JSONDecoder().decode(ReferenceModel.self, from: data)
        else { return nil }
        self = model
        self.folder = folder
    }
}

extension ReferenceModel {
    static func named(_ name: String) throws -> ReferenceModel { try #require(all.first { $0.name == name }) }
}

/// How far logits are from a reference, in units of the reference's standard deviation.
struct Deviation {
    var largest: Float = 0
    var rms: Float = 0

    init(_ logits: [Float], from reference: [Float], unit: Float) {
        guard logits.count == reference.count else {
            largest = .infinity
            rms = .infinity
            return
        }
        var sum: Float = 0
        for (a, b) in zip(logits, reference) {
            let d = abs(a - b) / unit
            largest = d <= largest ? largest : d  // NaN counts as largest
            sum += d * d
        }
        rms = (sum / Float(max(1, logits.count))).squareRoot()
    }
}

/// Logits after every token, fed in chunks of the given size.
func logits(of tokens: [Int32], _ decoder: Decoder, _ cache: KVCache, chunk: Int) throws -> [Float] {
    var all: [Float] = []
    for start in stride(from: 0, to: tokens.count, by: chunk) {
        let part = Array(tokens[start..<min(start + chunk, tokens.count)])
        let output = try decoder.forward([Run(cache: cache, tokens: part, want: .allLogits)])[0]
        #expect(output.isFinite)
        all += try output.logits
    }
    return all
}
