// Gemma 1-3: embeddings times sqrt(embedding_length), gated GELU, tied output; norm weights in files contain the +1.
// Gemma 2: post-norms, soft caps, every second block windowed. Gemma 3: norms of q and k, five of six blocks windowed
// with their own RoPE base, no soft caps. Scores are scaled by 1/sqrt(key_length), but in the 27B models of both by
// 1/sqrt(embedding_length / head_count); those are told by their block count, as the files hold no key for it.

import CKernels

extension Architecture {
    static let gemma = Architecture("gemma") { (config, _) throws(TransformerError) in
        config.setGemma()
    }

    static let gemma2 = Architecture("gemma2") { (config, keys) throws(TransformerError) in
        config.setGemma()
        config.postNorms = true
        config.attentionSoftcap = try keys.number("attn_logit_softcapping", in: 0...1e6) ?? 50
        config.finalSoftcap = try keys.number("final_logit_softcapping", in: 0...1e6) ?? 30
        config.setWindow(try keys.integer("attention.sliding_window", in: 1...(1 << 28)) ?? 4096, pattern: 2)
        if config.blockCount == 46 { config.setScaleOf27B() }
    }

    static let gemma3 = Architecture("gemma3") { (config, keys) throws(TransformerError) in
        config.setGemma()
        config.postNorms = true
        config.qkNorm = .perHead
        config.ropeFreqBase = 1_000_000
        config.ropeFreqBaseSWA = try keys.number("rope.freq_base_swa", in: 1...1e12) ?? 10000
        config.finalSoftcap = try keys.number("final_logit_softcapping", in: 0...1e6) ?? 0
        config.setWindow(try keys.requireInteger("attention.sliding_window", in: 1...(1 << 28)), pattern: 6)
        if config.blockCount == 62 { config.setScaleOf27B() }
    }
}

extension DecoderConfig {
    fileprivate mutating func setGemma() {
        ropeStyle = rope_style_halves
        activation = .geluTanh
        embeddingScale = Float(embeddingLength).squareRoot()
    }

    fileprivate mutating func setScaleOf27B() {
        attentionScale = 1 / (Float(embeddingLength) / Float(headCount[0])).squareRoot()
    }
}
