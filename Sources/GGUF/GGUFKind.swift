// What a file is for: a model, or one of the files that go with models and must not be loaded as one.
// It decides by keys, never by the file's name. Source: GGUF specification (general.type), llama.cpp's converters.

/// What a GGUF file contains; `description` fits behind "is".
public enum GGUFKind: Equatable, Sendable, CustomStringConvertible {
    case model
    /// A tokenizer without weights.
    case vocabularyOnly
    /// LoRA or another adapter.
    case adapter
    case controlVector
    /// The image or sound encoder beside a model (mmproj).
    case projector
    case importanceMatrix
    /// Why it is none of these.
    case unknown(String)

    public var description: String {
        switch self {
        case .model: "a model"
        case .vocabularyOnly: "a vocabulary without weights"
        case .adapter: "an adapter (LoRA), not a model"
        case .controlVector: "a control vector, not a model"
        case .projector: "a multimodal projector (mmproj), not a language model"
        case .importanceMatrix: "an importance matrix, not a model"
        case .unknown(let reason): "of unknown kind: \(reason)"
        }
    }
}

extension GGUFFile {
    public var kind: GGUFKind {
        let architecture = metadata["general.architecture"]?.string
        switch metadata["general.type"] {
        case .string("adapter"): return .adapter
        case .string("mmproj"): return .projector
        case .string("imatrix"): return .importanceMatrix
        case .string("model"), nil: break
        // Written by the first multimodal converters.
        case .string("clip-vision"), .string("clip-audio"): return .projector
        case .string(let other): return .unknown("general.type is '\(other)'")
        case .some(let value): return .unknown("general.type is \(value.summary)")
        }
        if architecture == "clip" { return .projector }
        if architecture == "controlvector" { return .controlVector }
        if metadata["adapter.type"] != nil { return .adapter }
        if tensors.isEmpty {
            return metadata["tokenizer.ggml.model"] == nil ? .unknown("it has no tensors") : .vocabularyOnly
        }
        return architecture == nil ? .unknown("it has no general.architecture") : .model
    }
}
