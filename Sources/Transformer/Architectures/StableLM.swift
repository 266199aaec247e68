// StableLM 3B, 2 1.6B and 2 12B: LayerNorm with a gated SiLU network, partial rotation; the 12B normalises each head of
// q and k with its own LayerNorm weights and, without ffn_norm, runs attention and feed-forward in parallel.

import CKernels

extension Architecture {
    static let stablelm = Architecture("stablelm") { (config, keys) throws(TransformerError) in
        config.norm = .layer
        config.ropeStyle = rope_style_halves
        config.parallelResidual = !keys.hasTensor("blk.0.ffn_norm.weight")
        config.qkNorm = keys.hasTensor("blk.0.attn_q_norm.weight") ? .perHead : .none
    }
}
