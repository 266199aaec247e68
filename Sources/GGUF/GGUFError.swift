// Everything that can be wrong with a GGUF file or with a question about it, each with names and numbers.
// One idea: a case carries file, key or tensor, expected and found; `description` is one sentence made of these.
// `GGUFRule.swift` says which rule of the format each case breaks.
import Glibc

/// What the module throws. `description` is one sentence for users.
public enum GGUFError: Error, Equatable, Sendable, CustomStringConvertible {
    // Files
    case io(file: String, operation: String, code: Int32)
    case notRegularFile(file: String)
    // Header
    case notGGUF(file: String, found: [UInt8], looksLike: String?)
    case bigEndian(file: String)
    case unsupportedVersion(file: String, found: UInt32)
    // Anywhere
    case truncated(file: String, subject: String, offset: Int, needed: UInt64, available: Int)
    case overLimit(file: String, subject: String, what: GGUFLimit, found: UInt64)
    // Metadata
    case invalidKey(file: String, index: Int, reason: String)
    case duplicateKey(file: String, key: String)
    case unknownValueType(file: String, key: String, found: UInt32)
    case nestedArray(file: String, key: String)
    case notANumber(file: String, key: String)
    case badAlignment(file: String, found: String)
    case missingKey(file: String, key: String)
    case wrongType(file: String, key: String, expected: String, found: String)
    // Tensors
    case invalidTensorName(file: String, index: Int, reason: String)
    case duplicateTensor(file: String, tensor: String, otherFile: String)
    case dimensionCount(file: String, tensor: String, found: UInt32)
    case tensorTooLarge(file: String, tensor: String, dimensions: [UInt64])
    case unsupportedTensorType(file: String, tensor: String, id: UInt32)
    case partialBlock(file: String, tensor: String, type: String, rowLength: Int, blockSize: Int)
    case misalignedTensor(file: String, tensor: String, offset: UInt64, alignment: Int)
    case tensorOutsideFile(file: String, tensor: String, end: UInt64, available: Int)
    case overlappingTensors(file: String, tensor: String, other: String)
    // Split files
    case splitName(file: String, count: Int)
    case splitShardMissing(file: String, count: Int, missing: Int)
    case splitMismatch(file: String, key: String, expected: Int, found: Int)

    public var description: String {
        switch self {
        case .io(let file, let operation, let code):
            "cannot \(operation) '\(file)': \(String(cString: strerror(code)))"
        case .notRegularFile(let file): "'\(file)' is not a regular file"
        case .notGGUF(let file, let found, let looksLike):
            "'\(file)' is not a GGUF file: it begins with \(hex(found)) instead of 47 47 55 46"
                + (looksLike.map { "; it looks like \($0)" } ?? "")
        case .bigEndian(let file):
            "'\(file)' is a big-endian GGUF file; only little-endian files are read, convert it on the machine it is for"
        case .unsupportedVersion(let file, let found):
            "'\(file)' has GGUF version \(found), expected 2 or 3"
                + (found == 1 ? "; convert the model again with current tools" : "")
        case .truncated(let file, let subject, let offset, let needed, let available):
            "'\(file)' is truncated or damaged: \(subject) needs \(needed) bytes at offset \(offset), "
                + "\(available) are left"
        case .overLimit(let file, let subject, let what, let found):
            "'\(file)': \(subject) has \(found) \(what.unit), at most \(what.maximum) are accepted"
        default: metadataDescription ?? tensorDescription ?? splitDescription
        }
    }

    private var metadataDescription: String? {
        switch self {
        case .invalidKey(let file, let index, let reason): "'\(file)': metadata key number \(index) \(reason)"
        case .duplicateKey(let file, let key): "'\(file)' has the metadata key '\(key)' twice"
        case .unknownValueType(let file, let key, let found):
            "'\(file)': key '\(key)' has value type \(found), expected 0 to 12"
        case .nestedArray(let file, let key): "'\(file)': key '\(key)' is an array of arrays, which no model file needs"
        case .notANumber(let file, let key): "'\(file)': key '\(key)' contains NaN"
        case .badAlignment(let file, let found):
            "'\(file)': \(GGUFFormat.alignmentKey) is \(found), expected a u32 that is a power of two from 8 to 65536"
        case .missingKey(let file, let key): "'\(file)' lacks the metadata key '\(key)'"
        case .wrongType(let file, let key, let expected, let found):
            "'\(file)': key '\(key)' is \(found), expected \(expected)"
        default: nil
        }
    }

    private var tensorDescription: String? {
        switch self {
        case .invalidTensorName(let file, let index, let reason):
            "'\(file)': the name of tensor number \(index) \(reason)"
        case .duplicateTensor(let file, let tensor, let other):
            "'\(file)' has the tensor '\(tensor)' twice" + (other == file ? "" : " (first in '\(other)')")
        case .dimensionCount(let file, let tensor, let found):
            "'\(file)': tensor '\(tensor)' has \(found) dimensions, expected 1 to 4"
        case .tensorTooLarge(let file, let tensor, let dimensions):
            "'\(file)': the size of tensor '\(tensor)' with dimensions \(dimensions) overflows"
        case .unsupportedTensorType(let file, let tensor, let id):
            "'\(file)': tensor '\(tensor)' has type \(id): \(ForeignType.explain(id))"
        case .partialBlock(let file, let tensor, let type, let rowLength, let blockSize):
            "'\(file)': tensor '\(tensor)' has rows of \(rowLength) values, expected a multiple of \(blockSize) for \(type)"
        case .misalignedTensor(let file, let tensor, let offset, let alignment):
            "'\(file)': tensor '\(tensor)' has offset \(offset), expected a multiple of \(alignment)"
        case .tensorOutsideFile(let file, let tensor, let end, let available):
            "'\(file)': tensor '\(tensor)' ends at byte \(end) of the data, the file has \(available); "
                + "the download may be incomplete"
        case .overlappingTensors(let file, let tensor, let other):
            "'\(file)': the data of tensor '\(tensor)' overlaps that of '\(other)'"
        default: nil
        }
    }

    private var splitDescription: String {
        switch self {
        case .splitName(let file, let count):
            "'\(file)' is one of \(count) shards, but is not named like one: expected <prefix>-00001-of-"
                + "\(SplitName.digits(count)).gguf"
        case .splitShardMissing(let file, let count, let missing):
            "'\(file)' is missing: \(missing) of the \(count) shards of this model cannot be read"
        case .splitMismatch(let file, let key, let expected, let found):
            "'\(file)': \(key) is \(found), expected \(expected)"
        default: ""
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}

extension GGUFLimit {
    var unit: String {
        switch self {
        case .keyBytes, .stringBytes, .tensorNameBytes: "bytes"
        case .keys: "metadata keys"
        case .tensors: "tensors"
        case .arrayElements: "elements"
        }
    }
}
