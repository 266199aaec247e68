// llama: Llama 1-3, Mistral, TinyLlama and many more; with expert_count it is Mixtral (softmax over all experts, the
// chosen renormalised). q and k come permuted in files, so pairs are adjacent. Llama 3.1+ brings the tensor rope_freqs.

import CKernels

extension Architecture {
    static let llama = Architecture("llama") { (config, _) throws(TransformerError) in
        config.ropeStyle = rope_style_adjacent
    }
}
