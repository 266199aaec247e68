// gpt-oss: experts only, chosen by score and weighted by a softmax of the chosen, clamped SwiGLU, biases everywhere,
// attention sinks, every second block windowed, YaRN. post_attention_norm normalises the experts' input.

import CKernels

extension Architecture {
    static let gptOSS = Architecture("gpt-oss") { (config, keys) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.attentionBias = true
        config.attentionSinks = true
        config.ffnNormName = "post_attention_norm"
        config.activation = .clampedSwiGLU
        config.setWindow(try keys.requireInteger("attention.sliding_window", in: 1...(1 << 28)), pattern: 2)
        let width = try keys.requireInteger("expert_feed_forward_length", in: 1...(1 << 24))
        var experts = DecoderConfig.ExpertConfig(count: 0, usedCount: 0, feedForwardLength: width)
        experts.gating = .softmaxOfChosen
        experts.weightsNorm = false
        config.experts = experts
    }
}
