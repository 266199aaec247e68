// Files that cannot be run are refused by name, with what was expected and what was found; unusual ones that can, run.

import Compute
import GGUF
import Testing

@testable import Transformer

/// One change of a fixture and what the refusal must say.
struct BadFile: CustomTestStringConvertible, Sendable {
    var model = "tiny-llama"
    var key: String
    var value: GGUFValue?
    var says: String

    var testDescription: String { "\(key) = \(value.map { "\($0)" } ?? "absent")" }

    static let keys: [BadFile] = [
        .init(
            key: "general.architecture", value: .string("brontosaurus"), says: "architecture 'brontosaurus' is unknown"),
        .init(key: "general.architecture", value: nil, says: "key general.architecture is missing"),
        .init(key: "llama.block_count", value: nil, says: "key llama.block_count is missing"),
        .init(key: "llama.block_count", value: .uint32(0), says: "llama.block_count: expected an integer from 1"),
        .init(key: "llama.block_count", value: .uint32(3), says: "tensor blk.2.attn_q.weight is missing"),
        .init(key: "llama.block_count", value: .string("2"), says: "llama.block_count"),
        .init(key: "llama.context_length", value: .uint64(1 << 60), says: "llama.context_length: expected"),
        .init(key: "llama.embedding_length", value: .uint32(72), says: "expected shape [368, 72], found [368, 64]"),
        .init(key: "llama.feed_forward_length", value: nil, says: "key llama.feed_forward_length is missing"),
        .init(key: "llama.attention.head_count", value: .uint32(0), says: "llama.attention.head_count: expected"),
        .init(key: "llama.attention.head_count", value: .int32(-4), says: "llama.attention.head_count: expected"),
        .init(
            key: "llama.attention.head_count_kv", value: .uint32(3), says: "expected a divisor of head_count 4, found 3"
        ),
        .init(key: "llama.attention.head_count", value: .uint32(6), says: "llama.attention.head_count"),
        .init(
            key: "llama.attention.layer_norm_rms_epsilon", value: .float32(-1),
            says: "llama.attention.layer_norm_rms_epsilon: expected a number from 0.0 to 1.0, found -1.0"),
        .init(key: "llama.attention.layer_norm_rms_epsilon", value: nil, says: "layer_norm_rms_epsilon is missing"),
        .init(key: "llama.rope.freq_base", value: .float32(0), says: "llama.rope.freq_base: expected"),
        .init(
            key: "llama.rope.dimension_count", value: .uint32(7), says: "llama.rope.dimension_count: expected an even"),
        .init(
            key: "llama.rope.dimension_count", value: .uint32(400), says: "llama.rope.dimension_count: expected an even"
        ),
        .init(
            key: "llama.rope.scaling.type", value: .string("spiral"),
            says: "llama.rope.scaling.type: 'spiral' is unknown; known: none, linear, llama3, yarn, longrope"),
        .init(key: "llama.rope.scaling.type", value: .string("yarn"), says: "llama.rope.scaling.factor is missing"),
        .init(key: "llama.rope.scaling.type", value: .string("llama3"), says: "tensor rope_freqs.weight is missing"),
        .init(key: "llama.attention.clamp_kqv", value: .float32(8), says: "clamp_kqv = a clamp is not supported"),
        .init(key: "llama.expert_count", value: .uint32(4), says: "key llama.expert_used_count is missing"),
        .init(
            key: "llama.feed_forward_length",
            value: .array(GGUFArray(.uint32, [.uint32(96), .uint32(96), .uint32(96)])),
            says: "llama.feed_forward_length: expected 2 integers, found 3 values"),
        .init(
            key: "tokenizer.ggml.tokens", value: .array(GGUFArray(.string, [.string("a"), .string("b")])),
            says: "the vocabulary has 2 tokens, token_embd.weight has 368 rows"),
        .init(
            model: "qwen2moe", key: "qwen2moe.expert_gating_func", value: .uint32(77),
            says: "qwen2moe.expert_gating_func: '77' is unknown"),
        .init(model: "qwen2moe", key: "qwen2moe.expert_used_count", value: .uint32(5), says: "from 1 to 4, found 5"),
        .init(
            model: "qwen2moe", key: "qwen2moe.expert_count", value: .uint32(5),
            says: "expected shape [5, 32], found [4, 32]"),
    ]
}

struct FileRefusalTests {
    func refusal(_ file: GGUFFile) -> String {
        do {
            _ = try Decoder(file: file, backend: CPUBackend(threads: 1))
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: BadFile.keys)
    func badKeys(_ bad: BadFile) throws {
        var model = try EditedModel(bad.model)
        model.set(bad.key, bad.value)
        #expect(refusal(try model.file()).contains(bad.says))
    }

    @Test(arguments: ["tiny-llama", "tiny-gpt2", "qwen2moe", "gpt-oss", "falcon-40b"])
    func everyMissingTensorIsNamed(_ name: String) throws {
        let model = try EditedModel(name)
        // What may be absent: a file without its own output is tied, biases are optional unless the config needs them,
        // and falcon's second norm tells its two kinds apart.
        let optional = ["output.weight", "blk.0.attn_norm_2.weight", "blk.1.attn_norm_2.weight"]
        for tensor in model.tensors where !optional.contains(tensor.name) && tensor.name.hasSuffix(".weight") {
            var without = model
            without.remove(tensor.name)
            let message = refusal(try without.file())
            #expect(message.contains("is missing"), "\(tensor.name): \(message)")
        }
    }

    @Test(arguments: ["tiny-llama", "tiny-gpt2", "qwen2moe", "gpt-oss", "falcon-40b", "tiny-qwen3"])
    func everyMisshapenTensorIsNamed(_ name: String) throws {
        let model = try EditedModel(name)
        for index in model.tensors.indices {
            var wrong = model
            wrong.tensors[index].shape[0] += 1
            let piece = wrong.tensors[index]
            let bytes = piece.type.byteCount(values: piece.shape.reduce(1, *)) ?? 0
            wrong.tensors[index].data += [UInt8](repeating: 0, count: bytes - piece.data.count)
            let message = refusal(try wrong.file())
            #expect(message.contains(piece.name), "\(message)")
        }
    }

    @Test func missingRequiredBias() throws {
        var model = try EditedModel("tiny-qwen2")
        model.remove("blk.1.attn_k.bias")
        #expect(refusal(try model.file()) == "tensor blk.1.attn_k.bias is missing")
    }

    @Test func integersAreNoWeights() throws {
        var model = try EditedModel("tiny-llama")
        try model.change("blk.0.attn_q.weight") {
            $0.type = TensorType(label: "I32") ?? $0.type
        }
        #expect(refusal(try model.file()) == "tensor blk.0.attn_q.weight: type I32 cannot be used as a weight")
    }

    @Test func unusedTensorsAreListed() throws {
        var model = try EditedModel("tiny-llama")
        model.tensors.append(
            .init(name: "blk.0.extra.weight", type: .f32, shape: [2], data: [UInt8](repeating: 0, count: 8)))
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        #expect(decoder.unusedTensors == ["blk.0.extra.weight"])
    }

    @Test func vectorsOfOtherTypesAreConverted() throws {
        var model = try EditedModel("tiny-gpt2")
        for index in model.tensors.indices where model.tensors[index].shape.count == 1 {
            model.tensors[index] = model.tensors[index].converted(to: .f16)
        }
        let half = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        let full = try Decoder(file: ReferenceModel.named("tiny-gpt2").file(), backend: CPUBackend(threads: 1))
        let tokens: [Int32] = [3, 14, 15, 92, 65]
        let a = try logits(of: tokens, half, half.makeCache(context: 8), chunk: 8)
        let b = try logits(of: tokens, full, full.makeCache(context: 8), chunk: 8)
        let std = (b.reduce(0) { $0 + $1 * $1 } / Float(b.count)).squareRoot()
        let deviation = Deviation(a, from: b, unit: std)
        #expect(deviation.largest < 1e-2 && deviation.largest > 0)
    }

    @Test func notANumberIsReported() throws {
        var model = try EditedModel("tiny-llama")
        try model.change("output_norm.weight") { piece in
            piece.data.replaceSubrange(0..<4, with: [0, 0, 0xc0, 0x7f])
        }
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        let cache = try decoder.makeCache(context: 8)
        let wants: [Want] = [.lastLogits, .allLogits, .scores(targets: [5, nil])]
        for want in wants {
            #expect(try !decoder.forward([Run(cache: cache, tokens: [3, 4], want: want)])[0].isFinite)
        }
    }

    @Test func oneTensorPerExpertEqualsOneForAll() throws {
        var model = try EditedModel("qwen2moe")
        let fused = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        for tensor in model.tensors where tensor.shape.count == 3 {
            model.remove(tensor.name)
            let size = tensor.data.count / tensor.shape[0]
            for expert in 0..<tensor.shape[0] {
                let name = tensor.name.replacing("_exps.weight", with: ".\(expert).weight")
                let data = Array(tensor.data[expert * size..<(expert + 1) * size])
                model.tensors.append(
                    .init(name: name, type: tensor.type, shape: Array(tensor.shape.dropFirst()), data: data))
            }
        }
        let split = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        let tokens: [Int32] = [3, 14, 15, 92, 65, 35, 89]
        let a = try logits(of: tokens, fused, fused.makeCache(context: 8), chunk: 8)
        let b = try logits(of: tokens, split, split.makeCache(context: 8), chunk: 8)
        #expect(a == b)
    }

    @Test func perBlockArraysAreObeyed() throws {
        var model = try EditedModel("tiny-llama")
        let expected = try Decoder(file: model.file(), backend: CPUBackend(threads: 1)).config
        model.set("llama.attention.head_count_kv", .array(GGUFArray(.int32, [.int32(2), .int32(2)])))
        let config = try Decoder(file: model.file(), backend: CPUBackend(threads: 1)).config
        #expect(config.headCountKV == [2, 2] && config.headCountKV == expected.headCountKV)
    }

    @Test func everyArchitectureHasAReference() {
        let covered = Set(ReferenceModel.all.compactMap { try? Hyperparameters($0.file()).architecture })
        let kitIsThere = ReferenceModel.all.contains { $0.name == "chatglm" }
        let kitOnly: Set = [
            "chatglm", "glm4", "gemma", "gemma2", "gemma3", "granite", "phi2", "phi3", "qwen3moe",
        ]
        let expected = Set(Architecture.all.flatMap(\.names)).subtracting(kitIsThere ? [] : kitOnly)
        #expect(expected.subtracting(covered).isEmpty)
    }
}
