// What can go wrong when a file is quantised, by name.
import Compute
import GGUF

public enum QuantizationError: Error, CustomStringConvertible {
    case unknownRecipe(name: String, known: [String])
    /// The type is known but values cannot be converted to it here.
    case noQuantizer(type: String, available: [String])
    case alreadyQuantized(tensor: String, type: String)
    case badPattern(pattern: String)
    case unmatchedPattern(pattern: String)
    case notAModel(file: String, kind: String)
    case notFinite(tensor: String)
    case file(GGUFError)
    case compute(ComputeError)
    /// The progress closure asked for it; nothing is left behind.
    case cancelled

    public var description: String {
        switch self {
        case .unknownRecipe(let name, let known):
            "unknown quantisation '\(name)'; known are \(known.joined(separator: ", "))"
        case .noQuantizer(let type, let available):
            "there is no quantiser to \(type); available are \(available.joined(separator: ", "))"
        case .alreadyQuantized(let tensor, let type):
            "tensor '\(tensor)' is already \(type): quantising it again loses more than quantising the original "
                + "(--allow-requantize does it all the same)"
        case .badPattern(let pattern): "'\(pattern)' is not a regular expression for tensor names"
        case .unmatchedPattern(let pattern): "no tensor to be quantised matches '\(pattern)'"
        case .notAModel(let file, let kind): "'\(file)' is \(kind)"
        case .notFinite(let tensor): "tensor '\(tensor)' contains values that are not finite numbers"
        case .file(let error): error.description
        case .compute(let error): error.description
        case .cancelled: "cancelled"
        }
    }
}
