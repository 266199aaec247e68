// Phi-2: LayerNorm, attention and feed-forward in parallel on one norm, partial rotation, biases everywhere, output.bias.
// Phi-3: fused q, k, v and gate, up; longrope. Its files carry a window that was never trained to bite: ignored.

import CKernels

extension Architecture {
    static let phi2 = Architecture("phi2") { (config, _) throws(TransformerError) in
        config.setGPT(activation: .geluTanh)
        config.ropeStyle = rope_style_halves
        config.parallelResidual = true
    }

    static let phi3 = Architecture("phi3") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.fusedGateUp = true
    }
}
