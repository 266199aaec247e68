// Granite 3: Llama with four scales: embeddings, each branch before its residual add, attention scores, and logits,
// which are divided by logit_scale.

import CKernels

extension Architecture {
    static let granite = Architecture("granite") { (config, keys) throws(TransformerError) in
        config.ropeStyle = rope_style_adjacent
        config.embeddingScale = try keys.number("embedding_scale") ?? 1
        config.residualScale = try keys.number("residual_scale") ?? 1
        config.attentionScale = try keys.number("attention.scale")
        config.logitScale = 1 / (try keys.number("logit_scale", in: 1e-6...1e6) ?? 1)
    }
}
