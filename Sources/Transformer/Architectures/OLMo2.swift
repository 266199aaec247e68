// OLMo 2: norms only after attention and after the feed-forward network, RMS norms of q and k over their full width.

import CKernels

extension Architecture {
    static let olmo2 = Architecture("olmo2") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.preNorm = false
        config.postNorms = true
        config.qkNorm = .fullWidth
    }
}
