// Reads a config from a file: sizes, then the architecture's flags, then the keys that flags ask for, then checks.
// Limits are generous multiples of what exists; they keep absurd files from reserving absurd memory.
// Defaults of absent keys are those of gguf.md section 5.

import CKernels
import Compute
import GGUF

extension DecoderConfig {
    private static let sizes = 1...(1 << 24)

    init(_ file: GGUFFile) throws(TransformerError) {
        let keys = try Hyperparameters(file)
        let architecture = try Architecture.named(keys.architecture)
        self.init(architecture: keys.architecture)
        try readSizes(keys)
        try architecture.configure(&self, keys)
        try readNorm(keys)
        if ropeStyle != nil { try readRope(keys) }
        try readExperts(keys)
        if (try keys.number("attention.clamp_kqv") ?? 0) != 0 {
            throw .unsupported(key: keys.name(of: "attention.clamp_kqv"), found: "a clamp")
        }
    }

    private mutating func readSizes(_ keys: Hyperparameters) throws(TransformerError) {
        blockCount = try keys.requireInteger("block_count", in: 1...4096)
        contextLength = try keys.requireInteger("context_length", in: 1...(1 << 28))
        embeddingLength = try keys.requireInteger("embedding_length", in: 1...(1 << 20))
        feedForwardLength = try readFeedForwardLength(keys)
        let heads = try keys.perBlock("attention.head_count", in: 1...65536, blocks: blockCount)
        guard let heads else { throw .missingKey(key: keys.name(of: "attention.head_count")) }
        headCount = heads
        headCountKV = try keys.perBlock("attention.head_count_kv", in: 1...65536, blocks: blockCount) ?? heads
        for (query, kv) in zip(headCount, headCountKV) where query % kv != 0 {
            let key = keys.name(of: "attention.head_count_kv")
            throw .invalidValue(key: key, expected: "a divisor of head_count \(query)", found: "\(kv)")
        }
        keyLength = try headLength("attention.key_length", keys)
        valueLength = try headLength("attention.value_length", keys)
        ropeDimensionCount = keyLength
        isWindowed = Array(repeating: false, count: blockCount)
        isUnrotated = isWindowed
        vocabularySize = try readVocabularySize(keys)
    }

    /// Models whose blocks all have experts may name the experts' length only.
    private func readFeedForwardLength(_ keys: Hyperparameters) throws(TransformerError) -> [Int] {
        for key in ["feed_forward_length", "expert_feed_forward_length"] {
            if let lengths = try keys.perBlock(key, in: DecoderConfig.sizes, blocks: blockCount) { return lengths }
        }
        throw .missingKey(key: keys.name(of: "feed_forward_length"))
    }

    private func headLength(_ key: String, _ keys: Hyperparameters) throws(TransformerError) -> Int {
        if let length = try keys.integer(key, in: 1...65536) { return length }
        guard embeddingLength % headCount[0] == 0 else {
            let expected = "a divisor of embedding_length \(embeddingLength)"
            throw .invalidValue(
                key: keys.name(of: "attention.head_count"), expected: expected, found: "\(headCount[0])")
        }
        return embeddingLength / headCount[0]
    }

    private func readVocabularySize(_ keys: Hyperparameters) throws(TransformerError) -> Int {
        guard let embeddings = keys.file.tensor("token_embd.weight") else {
            throw .missingTensor(name: "token_embd.weight")
        }
        let rows = embeddings.shape[0]
        let tokens = try carrying { () throws(GGUFError) in try keys.file.metadata.array("tokenizer.ggml.tokens")?.count
        }
        let declared = try keys.integer("vocab_size", in: DecoderConfig.sizes)
        let expected = tokens ?? declared ?? rows
        guard expected == rows, DecoderConfig.sizes.contains(rows) else {
            throw .vocabularyMismatch(tokens: expected, embeddings: rows)
        }
        return rows
    }

    private mutating func readNorm(_ keys: Hyperparameters) throws(TransformerError) {
        let key = norm == .rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon"
        normEpsilon = try keys.requireNumber(key, in: 0...1)
    }

    private mutating func readRope(_ keys: Hyperparameters) throws(TransformerError) {
        if let count = try keys.integer("rope.dimension_count", in: 2...65536) { ropeDimensionCount = count }
        guard ropeDimensionCount % 2 == 0, ropeDimensionCount <= keyLength else {
            let expected = "an even number up to the head's width \(keyLength)"
            throw .invalidValue(
                key: keys.name(of: "rope.dimension_count"), expected: expected, found: "\(ropeDimensionCount)")
        }
        ropeFreqBase = try keys.number("rope.freq_base", in: 1...1e12) ?? ropeFreqBase
        ropeScaling = try readRopeScaling(keys)
    }

    private func readRopeScaling(_ keys: Hyperparameters) throws(TransformerError) -> RopeScaling {
        let range: ClosedRange<Float> = 1e-6...1e6
        let oldFactor = try keys.number("rope.scale_linear", in: 0...1e6)
        let factor = try keys.number("rope.scaling.factor", in: 0...1e6) ?? oldFactor
        let attnFactor = try keys.number("rope.scaling.attn_factor", in: range) ?? 1
        let originalContext = try keys.integer("rope.scaling.original_context_length", in: 1...(1 << 28))
        let hasFactors = keys.hasTensor("rope_factors_long.weight") || keys.hasTensor("rope_factors_short.weight")
        let kind = try keys.string("rope.scaling.type") ?? (hasFactors ? "longrope" : "linear")
        switch kind {
        case "none" where !keys.hasTensor("rope_freqs.weight"): return .none
        case "none", "llama3": return .llama3
        case "linear":
            if keys.hasTensor("rope_freqs.weight") { return .llama3 }
            guard let factor, factor != 0, factor != 1 else { return .none }
            return .linear(factor: factor)
        case "yarn":
            guard let factor, factor > 0 else { throw .missingKey(key: keys.name(of: "rope.scaling.factor")) }
            return .yarn(
                factor: factor, originalContextLength: originalContext ?? contextLength, attnFactor: attnFactor,
                betaFast: try keys.number("rope.scaling.yarn_beta_fast", in: range) ?? 32,
                betaSlow: try keys.number("rope.scaling.yarn_beta_slow", in: range) ?? 1)
        case "longrope":
            return .longrope(originalContextLength: originalContext ?? contextLength, attnFactor: attnFactor)
        default:
            let known = ["none", "linear", "llama3", "yarn", "longrope"]
            throw .unknownChoice(key: keys.name(of: "rope.scaling.type"), found: kind, known: known)
        }
    }

    private mutating func readExperts(_ keys: Hyperparameters) throws(TransformerError) {
        let count = try keys.integer("expert_count", in: 0...65536) ?? 0
        guard count > 0 else {
            experts = nil
            return
        }
        let used = try keys.requireInteger("expert_used_count", in: 1...count)
        var own = experts ?? ExpertConfig(count: count, usedCount: used, feedForwardLength: 0)
        own.count = count
        own.usedCount = used
        let length = try keys.integer("expert_feed_forward_length", in: DecoderConfig.sizes)
        if own.feedForwardLength == 0 { own.feedForwardLength = length ?? feedForwardLength[0] }
        let dense = try keys.integer("leading_dense_block_count", in: 0...blockCount)
        own.leadingDenseBlockCount = dense ?? own.leadingDenseBlockCount
        own.weightsNorm = try keys.flag("expert_weights_norm") ?? own.weightsNorm
        let scale = try keys.number("expert_weights_scale") ?? own.weightsScale
        own.weightsScale = scale == 0 ? 1 : scale
        if let gating = try keys.integer("expert_gating_func", in: 0...1000), gating != 0 {
            guard let known = Experts.Gating(rawValue: gating) else {
                throw .unknownChoice(
                    key: keys.name(of: "expert_gating_func"), found: "\(gating)",
                    known: ["1 softmax", "2 sigmoid", "3 softmax of the chosen"])
            }
            own.gating = known
        }
        experts = own
    }
}
