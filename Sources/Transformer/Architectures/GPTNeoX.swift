// GPT-NeoX and Pythia: LayerNorm, partial rotation, exact GELU; attention and feed-forward in parallel, each with its
// own norm, unless use_parallel_residual says otherwise.

import CKernels

extension Architecture {
    static let gptneox = Architecture("gptneox") { (config, keys) throws(TransformerError) in
        config.setGPT(activation: .gelu)
        config.ropeStyle = rope_style_halves
        config.parallelResidual = try keys.flag("use_parallel_residual") ?? true
    }
}
