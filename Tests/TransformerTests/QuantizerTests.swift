// Quantising whole files: which tensor gets which type, what is kept, what is refused, and that nothing half done is
// left. The values themselves are the business of KernelTests; perplexities stand in docs/quantization.md.
import Foundation
import GGUF
import Testing
import Transformer

@Suite struct QuantizerTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("quantizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func fixture(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/logits/\(name)/model.gguf").path
    }

    /// A model of the given blocks with matrices of `columns` columns; every value is small and different.
    private func model(blocks: Int = 8, columns: Int = 256, value: (Int) -> Float = { sin(Float($0)) }) throws
        -> GGUFFile
    {
        let roles = ["attn_q", "attn_v", "attn_output", "ffn_down", "attn_norm"]
        var tensors = [GGUFWriter.Tensor(name: "token_embd.weight", type: .f32, shape: [4, columns])]
        for block in 0..<blocks {
            for role in roles {
                let shape = role == "attn_norm" ? [columns] : [2, columns]
                tensors.append(.init(name: "blk.\(block).\(role).weight", type: .f32, shape: shape))
            }
        }
        tensors.append(.init(name: "output.weight", type: .f32, shape: [4, columns]))
        let metadata: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .string("llama")), ("llama.block_count", .uint32(UInt32(blocks))),
            ("general.file_type", .uint32(0)), ("general.name", .string("test")), ("split.note", .uint8(1)),
        ]
        let name = path("model-\(blocks)-\(columns).gguf")
        let writer = try GGUFWriter(path: name, metadata: metadata, tensors: tensors)
        for tensor in tensors {
            let values = (0..<tensor.shape.reduce(1, *)).map(value)
            try values.withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
        return try GGUFFile(path: name)
    }

    private func types(_ file: GGUFFile, _ recipe: String, _ change: (inout Quantizer.Options) -> Void = { _ in })
        throws -> [String: String]
    {
        var options = Quantizer.Options(recipe: try .named(recipe))
        change(&options)
        let steps = try Quantizer(file, options).steps
        return Dictionary(uniqueKeysWithValues: steps.map { ($0.tensor.name, $0.type.label) })
    }

    @Test func upgradesFollowTheBlocks() throws {
        let types = try types(model(), "Q4_K_M")
        #expect(types["output.weight"] == "Q6_K")
        #expect(types["token_embd.weight"] == "Q4_K")
        #expect(types["blk.1.attn_norm.weight"] == "F32")
        // Of 8 blocks: the first eighth is 0, the last 7; every third between is 3 and 6.
        for block in 0..<8 {
            let expected = [0, 3, 6, 7].contains(block) ? "Q6_K" : "Q4_K"
            #expect(types["blk.\(block).attn_v.weight"] == expected, "\(block)")
            #expect(types["blk.\(block).ffn_down.weight"] == expected, "\(block)")
            #expect(types["blk.\(block).attn_q.weight"] == "Q4_K")
        }
    }

    @Test func ternaryRecipesKeepEmbeddings() throws {
        for recipe in ["TQ1_0", "TQ2_0"] {
            let types = try types(model(), recipe)
            #expect(types["token_embd.weight"] == "Q4_K")
            #expect(types["output.weight"] == "Q6_K")
            #expect(types["blk.3.ffn_down.weight"] == recipe)
        }
    }

    @Test func overridesComeFirst() throws {
        let file = try model()
        let types = try types(file, "Q4_K") { options in
            options.overrides = [(#"blk\.[01]\.attn_q"#, .q8_0), ("attn_q", .f16)]
            options.embeddingType = .bf16
            options.outputType = .q8_0
        }
        #expect(types["blk.0.attn_q.weight"] == "Q8_0")
        #expect(types["blk.2.attn_q.weight"] == "F16")
        #expect(types["token_embd.weight"] == "BF16")
        #expect(types["output.weight"] == "Q8_0")
        #expect(Set(try self.types(file, "Q4_K_M") { $0.pure = true }.values) == ["Q4_K", "F32"])
    }

    @Test func rowsThatAreNoWholeBlocksGetAnotherType() throws {
        var options = Quantizer.Options(recipe: try .named("Q4_K"))
        options.pure = true
        let steps = try Quantizer(model(columns: 96), options).steps
        let step = try #require(steps.first { $0.tensor.name == "blk.0.attn_q.weight" })
        #expect(step.type.label == "Q5_0")
        #expect(step.note == "rows of 96 values are no multiple of 256: Q5_0 instead of Q4_K")
        let odd = try Quantizer(model(columns: 30), options).steps
        #expect(Set(odd.map(\.type.label)) == ["F16", "F32"])
    }

    @Test func theNewFileKeepsMetadataAndValues() throws {
        let file = try model()
        let quantizer = try Quantizer(file, .init(recipe: .named("Q8_0")))
        var shares: [Double] = []
        try quantizer.write(to: path("q8.gguf"), threads: 2) { _, done in
            shares.append(done)
            return true
        }
        #expect(shares.last == 1 && shares == shares.sorted())
        let new = try GGUFFile(path: path("q8.gguf"))
        #expect(new.metadata["general.name"]?.string == "test")
        #expect(new.metadata["general.file_type"]?.integer == 7)
        #expect(new.metadata["general.quantization_version"]?.integer == 2)
        #expect(new.metadata["split.note"] == nil)
        #expect(new.tensors.map(\.shape) == file.tensors.map(\.shape))
        #expect(GGUFLint.check(path: path("q8.gguf")).isEmpty)
        let norm = try #require(new.tensor("blk.0.attn_norm.weight"))
        let original = try #require(file.tensor("blk.0.attn_norm.weight"))
        #expect(Array(new.bytes(of: norm)) == Array(file.bytes(of: original)))
    }

    /// The bytes do not depend on the number of threads.
    @Test func threadsDoNotMatter() throws {
        let quantizer = try Quantizer(model(), .init(recipe: .named("Q3_K_M")))
        try quantizer.write(to: path("one"), threads: 1) { _, _ in true }
        try quantizer.write(to: path("three"), threads: 3) { _, _ in true }
        #expect(FileManager.default.contentsEqual(atPath: path("one"), andPath: path("three")))
    }

    @Test func cancellingLeavesNothing() throws {
        let quantizer = try Quantizer(model(), .init(recipe: .named("Q4_0")))
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(throws: QuantizationError.self) {
            try quantizer.write(to: path("never"), threads: 1) { step, _ in step < 3 }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
    }

    private func message(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return "\(error)" }
        return nil
    }

    @Test func refusals() throws {
        let file = try model()
        #expect(message { _ = try types(file, "Q9_Z") }?.hasPrefix("unknown quantisation 'Q9_Z'") == true)
        #expect(message { _ = try types(file, "iq2_xxs") }?.hasPrefix("there is no quantiser to IQ2_XXS") == true)
        let quantized = try GGUFFile(path: fixture("tiny-llama-Q8_0"))
        #expect(message { _ = try types(quantized, "Q4_0") }?.contains("already Q8_0") == true)
        #expect(try types(quantized, "Q4_0") { $0.allowRequantize = true }.values.contains("Q4_0"))
        #expect(message { _ = try types(file, "Q4_0") { $0.overrides = [("(", .f16)] } }?.contains("'('") == true)
        #expect(
            message { _ = try types(file, "Q4_0") { $0.overrides = [("attn_z", .f16)] } }
                == "no tensor to be quantised matches 'attn_z'")
        let broken = try model(blocks: 1) { $0 == 100 ? .nan : 1 }
        let quantizer = try Quantizer(broken, .init(recipe: .named("Q4_0")))
        let text = message { try quantizer.write(to: path("broken"), threads: 2) { _, _ in true } }
        #expect(text == "tensor 'token_embd.weight' contains values that are not finite numbers")
    }
}
