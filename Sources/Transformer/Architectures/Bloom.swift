// BLOOM: ALiBi with exponents up to 8, a LayerNorm on the embeddings, fused q, k, v, GELU in its tanh form.

extension Architecture {
    static let bloom = Architecture("bloom") { (config, _) throws(TransformerError) in
        config.setGPT(activation: .geluTanh)
        config.embeddingNorm = true
        config.maxAlibiBias = 8
    }
}
