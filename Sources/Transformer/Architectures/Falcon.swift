// Falcon 7B and 40B: LayerNorm, attention and feed-forward in parallel on one norm, exact GELU, no biases on products.
// The 40B has a second norm: attn_norm_2 feeds attention, attn_norm the network.

import CKernels

extension Architecture {
    static let falcon = Architecture("falcon") { (config, _) throws(TransformerError) in
        config.setGPT(activation: .gelu)
        config.ropeStyle = rope_style_halves
        config.parallelResidual = true
    }
}
