// StarCoder 2: LayerNorm and biases everywhere, grouped queries, GELU in its tanh form, no gate.

import CKernels

extension Architecture {
    static let starcoder2 = Architecture("starcoder2") { (config, _) throws(TransformerError) in
        config.setGPT(activation: .geluTanh)
        config.ropeStyle = rope_style_halves
    }
}
