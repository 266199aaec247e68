// SmolLM 3: Llama whose every fourth block has no RoPE.

import CKernels

extension Architecture {
    static let smollm3 = Architecture("smollm3") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_adjacent
        config.isUnrotated = (0..<config.blockCount).map { ($0 + 1) % 4 == 0 }
    }
}
