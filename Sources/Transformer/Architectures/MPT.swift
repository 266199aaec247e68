// MPT: ALiBi, LayerNorm without biases, exact GELU, fused q, k, v, tied output; some have norms of q and k.

extension Architecture {
    static let mpt = Architecture("mpt") { (config, keys) throws(TransformerError) in
        config.setGPT(activation: .gelu)
        config.maxAlibiBias = try keys.number("attention.max_alibi_bias", in: 0...1e3) ?? 0
        config.learnedPositions = keys.hasTensor("position_embd.weight")
        config.qkNorm = keys.hasTensor("blk.0.attn_q_norm.weight") ? .fullWidth : .none
    }
}
