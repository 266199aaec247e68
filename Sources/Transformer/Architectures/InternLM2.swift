// InternLM 2: Llama in other clothes; the converter has split its fused q, k, v.

import CKernels

extension Architecture {
    static let internlm2 = Architecture("internlm2") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_adjacent
    }
}
