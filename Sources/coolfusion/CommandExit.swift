// The one place where errors become exit codes and sentences. The codes are those of sysexits.h where one fits;
// the table stands in README.md.
import ArgumentParser
import Compute
import Fusion
import GGUF
import Glibc
import Inference
import Tokenizers
import Transformer

/// What the commands themselves can complain about.
enum CommandError: Error, CustomStringConvertible {
    case usage(String)
    case badData(String)
    case missingFile(String, hint: String? = nil)
    case memory(String)
    case io(String, Int32)
    case output(String, Int32)
    case device(String)
    case failed(String)
    case notFinite(String)
    case interrupted
    /// What a library said about a model, with the file it was about.
    indirect case model(String, any Error)

    var description: String {
        switch self {
        case .usage(let text), .badData(let text), .device(let text), .failed(let text), .notFinite(let text),
            .memory(let text):
            text
        case .missingFile(let path, let hint): "there is no file '\(path)'" + (hint.map { "; \($0)" } ?? "")
        case .io(let path, let code): "cannot read '\(path)': \(String(cString: strerror(code)))"
        case .output(let path, let code): "cannot write \(path): \(String(cString: strerror(code)))"
        case .interrupted: "interrupted"
        case .model(let path, let error):
            "\(error)".contains("'\(path)'") ? "\(error)" : "'\(path)': \(error)"
        }
    }
}

enum CommandExit {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let missingFile: Int32 = 66
    static let device: Int32 = 69
    /// NaN logits and what must not happen.
    static let internalError: Int32 = 70
    static let io: Int32 = 74
    static let memory: Int32 = 75
    static let interrupted: Int32 = 130

    /// Prints one sentence for `error` (argument errors also show the usage) and ends the process with its code.
    static func end(_ error: any Error) -> Never {
        guard let code = code(of: error) else { Coolfusion.exit(withError: error) }
        if code != interrupted && code != done {
            StandardError.line(Terminal.safe("coolfusion: \(error)", keepsLines: true))
        }
        exit(code)
    }

    /// nil: an error of the argument parser, which knows its own codes (64, or 0 for help).
    static func code(of error: any Error) -> Int32? {
        switch error {
        case let error as CommandError: code(ofCommand: error)
        case let error as GGUFError: code(ofFile: error)
        case let error as ComputeError: code(ofCompute: error)
        case let error as TokenizerError: code(ofTokenizer: error)
        case let error as TransformerError: code(ofTransformer: error)
        case let error as InferenceError: code(ofInference: error)
        case let error as FusionError: code(ofFusion: error)
        default: nil
        }
    }

    private static func code(ofFile error: GGUFError) -> Int32 {
        switch error {
        case .io(_, _, let code): self.code(ofErrno: code)
        case .splitShardMissing: missingFile
        default: badData
        }
    }

    private static func code(ofCompute error: ComputeError) -> Int32 {
        switch error {
        case .outOfMemory: memory
        case .unknownISA, .deviceLost, .deviceFailed: device
        case .noThreads: failed
        case .unsupportedWeightType, .wrongByteCount: badData
        }
    }

    private static func code(ofTokenizer error: TokenizerError) -> Int32 {
        if case .metadata(let error) = error { code(ofFile: error) } else { badData }
    }

    private static func code(ofTransformer error: TransformerError) -> Int32 {
        switch error {
        case .file(let error): code(ofFile: error)
        case .compute(let error): code(ofCompute: error)
        case .unknownArchitecture, .unknownChoice, .unsupported, .missingKey, .invalidValue, .missingTensor,
            .wrongShape,
            .wrongType, .vocabularyMismatch:
            badData
        case .contextOutOfRange, .cacheTypeMismatch, .tokenOutOfRange: usage
        case .contextFull, .branchCellsFull: failed
        case .targetCountMismatch, .noTokens, .branchesOpen, .duplicateRun, .unknownBranch, .unknownCheckpoint,
            .foreignCache:
            internalError
        }
    }

    private static func code(ofInference error: InferenceError) -> Int32 {
        switch error {
        case .file(let error): code(ofFile: error)
        case .tokenizer(let error): code(ofTokenizer: error)
        case .compute(let error): code(ofCompute: error)
        case .transformer(let error): code(ofTransformer: error)
        case .template: badData
        case .device: device
        case .notFinite: internalError
        case .emptyPrompt, .invalidSampling: usage
        case .contextFull: failed
        }
    }

    private static func code(ofFusion error: FusionError) -> Int32 {
        switch error {
        case .noModels, .unknownRule, .weights, .primary: usage
        case .allFailed, .noThread: failed
        }
    }

    private static func code(ofErrno code: Int32) -> Int32 {
        code == ENOENT || code == ENOTDIR || code == EACCES ? missingFile : io
    }

    private static func code(ofCommand error: CommandError) -> Int32 {
        switch error {
        case .usage: usage
        case .badData: badData
        case .missingFile: missingFile
        case .memory: memory
        case .io(_, let code): self.code(ofErrno: code)
        // The reader of stdout went away.
        case .output(_, EPIPE): done
        case .output: io
        case .device: device
        case .failed: failed
        case .notFinite: internalError
        case .interrupted: interrupted
        case .model(_, let error): code(of: error) ?? failed
        }
    }
}

/// Runs `body`, which reads the model at `path`, so that its errors name the file.
func loading<T>(_ path: String, _ body: () throws -> T) throws(CommandError) -> T {
    do { return try body() } catch { throw .model(path, error) }
}
