// Every hyper-parameter of some models set to values nobody would write: the model is refused with a typed error, or it
// runs. What is accepted runs a batch with branches, because a crash would come there.

import Compute
import GGUF
import Testing

@testable import Transformer

struct HostileKeyTests {
    static let values: [GGUFValue] = [
        .uint32(0), .uint32(1), .uint32(2), .uint32(3), .uint32(8), .uint32(255), .uint32(65536), .uint32(1 << 28),
        .uint32(.max), .uint64(.max), .int64(.max), .int32(-1), .float32(0), .float32(-1), .float32(1e-38),
        .float32(1e38), .float32(.infinity), .float32(1.5), .bool(false), .bool(true), .string(""), .string("linear"),
        .array(GGUFArray(.uint32, [])), .array(GGUFArray(.uint32, [.uint32(1), .uint32(2)])),
        .array(GGUFArray(.string, [.string("a")])),
    ]

    @Test(arguments: ["tiny-llama", "tiny-gpt2", "gpt-oss", "qwen2moe", "llama-yarn", "stablelm-parallel", "mpt"])
    func absurdValuesAreRefusedOrRun(_ name: String) throws {
        let model = try EditedModel(name)
        let prefix = try Hyperparameters(ReferenceModel.named(name).file()).architecture
        let extra = [
            "rope.scaling.factor", "rope.scaling.type", "rope.scale_linear", "attention.scale", "logit_scale",
            "expert_count", "attention.key_length", "attention.value_length", "attention.sliding_window",
            "rope.dimension_count", "rope.freq_base", "expert_weights_scale", "leading_dense_block_count",
            "rope.scaling.attn_factor", "rope.scaling.original_context_length", "rope.scaling.yarn_beta_fast",
        ]
        let own = model.keys.map(\.key).filter { $0.hasPrefix(prefix + ".") }
        var (refused, ran) = (0, 0)
        for key in Set(own + extra.map { "\(prefix).\($0)" }).sorted() {
            for value in HostileKeyTests.values {
                var edited = model
                edited.set(key, value)
                guard let file = try? edited.file() else {
                    refused += 1  // not even a GGUF file: infinities are refused there
                    continue
                }
                do throws(TransformerError) {
                    try run(file)
                    ran += 1
                } catch {
                    #expect(!error.description.isEmpty)
                    refused += 1
                }
            }
        }
        #expect(refused > 100 && ran > 50)
    }

    func run(_ file: GGUFFile) throws(TransformerError) {
        guard let backend = try? CPUBackend(threads: 1) else { return }
        let decoder = try Decoder(file: file, backend: backend)
        let cache = try decoder.makeCache(context: min(16, decoder.config.contextLength), type: .f32, branchCells: 8)
        _ = try decoder.forward([Run(cache: cache, tokens: [1, 2, 3], want: .allLogits)])
        let runs = (0..<2).map { Run(cache: cache, branch: cache.openBranch(), tokens: [$0, 5], want: .lastLogits) }
        _ = try decoder.forward(runs)
    }
}
