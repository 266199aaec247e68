// What can go wrong above the tensors. Errors of the layers below are carried whole, so that the command
// line can still tell a missing file from a full context.

import ChatTemplates
import Compute
import GGUF
import Tokenizers
import Transformer
import VulkanCompute

public enum InferenceError: Error, CustomStringConvertible {
    case file(GGUFError)
    case tokenizer(TokenizerError)
    case compute(ComputeError)
    case transformer(TransformerError)
    case template(TemplateError)
    /// The GPU asked for cannot be used.
    case device(VulkanError)
    /// Logits that are NaN or infinite.
    case notFinite(model: String)
    case emptyPrompt(model: String)
    case contextFull(context: Int, requested: Int)
    case invalidSampling(name: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .tokenizer(let error): error.description
        case .compute(let error): error.description
        case .transformer(let error): error.description
        case .template(let error): error.description
        case .device(let error): error.description
        case .notFinite(let model): "\(model): the logits are not finite numbers"
        case .emptyPrompt(let model): "\(model): the prompt has no tokens and the model adds none"
        case .contextFull(let context, let requested):
            "the context of \(context) tokens has no room for \(requested) more"
        case .invalidSampling(let name, let expected, let found): "\(name) must be \(expected), found \(found)"
        }
    }

    /// The device whose loss this is.
    public var lostDevice: String? {
        switch self {
        case .compute(.deviceLost(let device)), .transformer(.compute(.deviceLost(let device))): device
        default: nil
        }
    }

    init(_ error: TransformerError) {
        if case .contextFull(let context, _, let requested) = error {
            self = .contextFull(context: context, requested: requested)
        } else {
            self = .transformer(error)
        }
    }
}

/// Runs `body` and carries its error into this module.
func carrying<T>(_ body: () throws(TransformerError) -> T) throws(InferenceError) -> T {
    do { return try body() } catch { throw InferenceError(error) }
}

func carrying<T>(_ body: () throws(ComputeError) -> T) throws(InferenceError) -> T {
    do { return try body() } catch { throw .compute(error) }
}
