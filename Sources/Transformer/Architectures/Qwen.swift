// Qwen 2 (biases on q, k, v) and Qwen 3 (no biases, RMS norm of each head of q and k), dense and with experts.
// Qwen 2 MoE does not renormalise the chosen experts' weights and has a shared expert behind a sigmoid gate.

import CKernels

extension Architecture {
    static let qwen2 = Architecture("qwen2") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.attentionBias = true
    }

    static let qwen3 = Architecture("qwen3") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.qkNorm = .perHead
    }

    static let qwen2moe = Architecture("qwen2moe") { (config, keys) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.attentionBias = true
        let used = try keys.requireInteger("expert_used_count", in: 1...65536)
        let width = try keys.integer("expert_feed_forward_length", in: 1...(1 << 24))
        var experts = DecoderConfig.ExpertConfig(
            count: 0, usedCount: used, feedForwardLength: width ?? max(1, config.feedForwardLength[0] / used))
        experts.sharedFeedForwardLength =
            try keys.integer("expert_shared_feed_forward_length", in: 1...(1 << 24)) ?? config.feedForwardLength[0]
        experts.weightsNorm = false
        config.experts = experts
    }

    static let qwen3moe = Architecture("qwen3moe") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_halves
        config.qkNorm = .perHead
    }
}
