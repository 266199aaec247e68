// What can go wrong between a file and logits: a model that cannot be run, or a batch that does not fit.

import Compute
import GGUF

public enum TransformerError: Error, CustomStringConvertible {
    case file(GGUFError)
    case compute(ComputeError)
    case unknownArchitecture(name: String, known: [String])
    /// A key holds a name or number that this engine does not know.
    case unknownChoice(key: String, found: String, known: [String])
    case unsupported(key: String, found: String)
    case missingKey(key: String)
    case invalidValue(key: String, expected: String, found: String)
    case missingTensor(name: String)
    case wrongShape(tensor: String, expected: [Int], found: [Int])
    case wrongType(tensor: String, found: String)
    case vocabularyMismatch(tokens: Int, embeddings: Int)
    case contextOutOfRange(requested: Int, largest: Int)
    case cacheTypeMismatch(type: String, width: Int)
    case contextFull(context: Int, length: Int, requested: Int)
    case branchCellsFull(cells: Int, requested: Int)
    case tokenOutOfRange(token: Int32, vocabularySize: Int)
    case targetCountMismatch(tokens: Int, targets: Int)
    case noTokens
    /// A trunk may grow only while no branch is open, and a cache's branch or trunk stands once in a batch.
    case branchesOpen
    case duplicateRun
    case unknownBranch
    case unknownCheckpoint
    case foreignCache

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .compute(let error): error.description
        case .unknownArchitecture(let name, let known):
            "architecture '\(name)' is unknown; known: \(known.joined(separator: ", "))"
        case .unknownChoice(let key, let found, let known):
            "\(key): '\(found)' is unknown; known: \(known.joined(separator: ", "))"
        case .unsupported(let key, let found): "\(key) = \(found) is not supported"
        case .missingKey(let key): "key \(key) is missing"
        case .invalidValue(let key, let expected, let found): "\(key): expected \(expected), found \(found)"
        case .missingTensor(let name): "tensor \(name) is missing"
        case .wrongShape(let tensor, let expected, let found):
            "tensor \(tensor): expected shape \(expected), found \(found)"
        case .wrongType(let tensor, let found): "tensor \(tensor): type \(found) cannot be used as a weight"
        case .vocabularyMismatch(let tokens, let embeddings):
            "the vocabulary has \(tokens) tokens, token_embd.weight has \(embeddings) rows"
        default: batchDescription
        }
    }

    private var batchDescription: String {
        switch self {
        case .contextOutOfRange(let requested, let largest):
            "a context of \(requested) tokens is not possible, expected 1 to \(largest)"
        case .cacheTypeMismatch(let type, let width):
            "a cache of type \(type) needs head widths that fill its blocks, found \(width)"
        case .contextFull(let context, let length, let requested):
            "the context is full: \(length) of \(context) tokens used, \(requested) more requested"
        case .branchCellsFull(let cells, let requested):
            "the cache has \(cells) cells left for branches, \(requested) more requested"
        case .tokenOutOfRange(let token, let size): "token \(token) is not in the vocabulary of \(size) tokens"
        case .targetCountMismatch(let tokens, let targets): "\(tokens) tokens have \(targets) targets, expected as many"
        case .noTokens: "a run has no tokens"
        case .branchesOpen: "the cache has open branches: commit or close them before the trunk changes"
        case .duplicateRun: "the same timeline stands twice in one batch"
        case .unknownBranch: "the branch is closed or belongs to another cache"
        case .unknownCheckpoint: "the checkpoint lies beyond the cache's end or belongs to another cache"
        case .foreignCache: "the cache was made by another decoder"
        default: ""
        }
    }
}

/// Runs a throwing call of another module and carries its error over.
func carrying<T>(_ body: () throws(GGUFError) -> T) throws(TransformerError) -> T {
    do { return try body() } catch { throw .file(error) }
}

func carrying<T>(_ body: () throws(ComputeError) -> T) throws(TransformerError) -> T {
    do { return try body() } catch { throw .compute(error) }
}
