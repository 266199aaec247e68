// GPT-2: learned positions, LayerNorm with biases, fused q, k, v, GELU in its tanh form.

extension Architecture {
    static let gpt2 = Architecture("gpt2") { (config, _) throws(TransformerError) in
        config.setGPT(activation: .geluTanh)
        config.learnedPositions = true
    }
}
