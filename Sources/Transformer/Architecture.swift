// The list of architectures. One idea: an architecture is a name and flags; a file in Architectures/ is all there is.

public struct Architecture: Sendable {
    /// Values of general.architecture.
    public let names: [String]
    /// Sets flags; sizes have been read before, keys that flags ask for (epsilon, RoPE, experts) are read after.
    let configure: @Sendable (inout DecoderConfig, Hyperparameters) throws(TransformerError) -> Void

    init(
        _ names: String...,
        configure: @escaping @Sendable (inout DecoderConfig, Hyperparameters) throws(TransformerError) -> Void
    ) {
        self.names = names
        self.configure = configure
    }

    public static let all: [Architecture] = [
        llama, qwen2, qwen3, qwen2moe, qwen3moe, gpt2, phi2, phi3, chatglm, glm4, gemma, gemma2, gemma3, gptneox,
        stablelm, starcoder2, olmo2, granite, falcon, commandR, internlm2, bloom, mpt, smollm3, gptOSS,
    ]

    static func named(_ name: String) throws(TransformerError) -> Architecture {
        guard let found = all.first(where: { $0.names.contains(name) }) else {
            throw .unknownArchitecture(name: name, known: all.flatMap(\.names).sorted())
        }
        return found
    }
}
