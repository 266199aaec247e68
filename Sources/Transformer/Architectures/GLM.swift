// ChatGLM 3, GLM-4 9B (chatglm; q, k, v fused or split) and GLM-4 0414 (glm4; post-norms before each residual add).
// Half of each head is rotated, in adjacent pairs; gate and up are fused.

import CKernels

extension Architecture {
    static let chatglm = Architecture("chatglm") { (config, _) throws(TransformerError) in
        config.setGLM()
    }

    static let glm4 = Architecture("glm4") { (config, _) throws(TransformerError) in
        config.setGLM()
        config.postNorms = true
    }
}

extension DecoderConfig {
    fileprivate mutating func setGLM() {
        ropeStyle = rope_style_adjacent
        ropeDimensionCount = keyLength / 2
        fusedGateUp = true
    }
}
