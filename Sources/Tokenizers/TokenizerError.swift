// Everything that can be wrong with a vocabulary; the text given to a tokenizer is never an error.
import GGUF

/// What the module throws. `description` is one sentence for users.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The metadata could not be read as what the key should be.
    case metadata(GGUFError)
    case missingKey(String)
    case unknownModel(String, known: [String])
    case unknownPreTokenizer(String, known: [String])
    /// The file names no pre-tokenizer, or "default": splitting would be a guess.
    case untrustedPreTokenizer(String?)
    case emptyVocabulary
    case wrongLength(key: String, expected: Int, found: Int)
    case wrongValue(key: String, index: Int, found: String, expected: String)
    case idOutOfRange(key: String, found: Int, vocabulary: Int)
    case duplicateToken(text: String, first: Int, second: Int)
    case tokenTooLong(id: Int, bytes: Int, limit: Int)
    /// A merge "a b" of which a, b or ab is no token.
    case badMerge(index: Int, text: String, missing: String)
    case badCharsmap(String)

    public var description: String {
        switch self {
        case .metadata(let error): error.description
        case .missingKey(let key): "the metadata key '\(key)' is missing"
        case .unknownModel(let name, let known):
            "unknown tokenizer model '\(name)', expected one of \(known.joined(separator: ", "))"
        case .unknownPreTokenizer(let name, let known):
            "unknown pre-tokenizer '\(name)', expected one of \(known.joined(separator: ", "))"
        case .untrustedPreTokenizer(let name):
            "the file \(name.map { "names the pre-tokenizer '\($0)'" } ?? "names no pre-tokenizer (tokenizer.ggml.pre)"), "
                + "so text would be split by guess; convert the model again or force it"
        case .emptyVocabulary: "the vocabulary has no tokens"
        case .wrongLength(let key, let expected, let found):
            "'\(key)' has \(found) elements, expected \(expected)"
        case .wrongValue(let key, let index, let found, let expected):
            "element \(index) of '\(key)' is \(found), expected \(expected)"
        case .idOutOfRange(let key, let found, let vocabulary):
            "'\(key)' is \(found), expected a token id below \(vocabulary)"
        case .duplicateToken(let text, let first, let second):
            "tokens \(first) and \(second) have the same text '\(text)'"
        case .tokenTooLong(let id, let bytes, let limit):
            "token \(id) has \(bytes) bytes, at most \(limit) are accepted"
        case .badMerge(let index, let text, let missing):
            "merge \(index) '\(text)' needs the token '\(missing)', which the vocabulary lacks"
        case .badCharsmap(let reason): "'tokenizer.ggml.precompiled_charsmap' is damaged: \(reason)"
        }
    }
}
