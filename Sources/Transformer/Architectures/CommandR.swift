// Command R: LayerNorm without biases, attention and feed-forward in parallel on one norm, tied output, logits
// multiplied by logit_scale; Command R+ normalises each head of q and k with its own LayerNorm weights.

import CKernels

extension Architecture {
    static let commandR = Architecture("command-r") { (config, keys) throws(TransformerError) in
        config.norm = .layer
        config.ropeStyle = rope_style_adjacent
        config.parallelResidual = true
        config.qkNorm = keys.hasTensor("blk.0.attn_q_norm.weight") ? .perHead : .none
        config.logitScale = try keys.number("logit_scale") ?? 1
    }
}
