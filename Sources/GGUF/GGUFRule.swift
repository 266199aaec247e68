// Every rule a file is held to, by name, with its sentence: the vocabulary of errors and of `inspect --strict`.
// One idea: an error and a lint finding both name the rule they rest on, so tests can ask for the rule, not the wording.
// Source: GGUF specification; ggml's reader; the published flaws of other readers (named in the tests).

/// A rule of the format or of good files; the raw value is its sentence.
public enum GGUFRule: String, CaseIterable, Sendable {
    // Broken: the file is refused.
    case readable = "The file can be opened and read, and is a regular file."
    case magic = "The file begins with the four bytes 'GGUF'."
    case byteOrder = "The file is little-endian."
    case version = "The version is 2 or 3."
    case complete = "Every length and count fits the bytes that follow it."
    case limits = "Counts and lengths stay below the limits of this reader."
    case keyNames = "Keys are valid UTF-8, not empty, without zero bytes."
    case uniqueKeys = "No key occurs twice."
    case valueTypes = "Value types are 0 to 12."
    case flatArrays = "Arrays contain no arrays."
    case noNaN = "Floats in the metadata are not NaN."
    case alignment = "general.alignment is a u32 and a power of two from 8 to 65536."
    case requiredKeys = "Keys that are needed are there."
    case keyTypes = "A key has the type its meaning demands."
    case tensorNames = "Tensor names are valid UTF-8 of 1 to 63 bytes, none of them zero."
    case uniqueTensors = "No tensor name occurs twice, in all shards together."
    case dimensions = "Tensors have one to four dimensions."
    case tensorSizes = "The size of a tensor does not overflow."
    case tensorTypes = "Tensor types are known to this program."
    case wholeBlocks = "Rows consist of whole blocks of the tensor's type."
    case tensorAlignment = "Tensor offsets are multiples of the alignment."
    case tensorsInside = "Tensor data ends inside of the file."
    case noOverlap = "The data of no two tensors overlaps."
    case splitNames = "Shards are named <prefix>-00001-of-00003.gguf."
    case splitComplete = "All shards of a split model are there."
    case splitConsistent = "split.no, split.count and split.tensors.count agree with the shards."

    // Doubtful: the file is read, `inspect --strict` complains.
    case keyCharacters = "Keys consist of printable ASCII characters."
    case utf8 = "Strings are valid UTF-8."
    case booleans = "Booleans are stored as 0 or 1."
    case quantizationVersion = "Files with quantised tensors have general.quantization_version 2."
    case architecture = "Models say their general.architecture."
    case generalType = "general.type is model, adapter, mmproj or imatrix."
    case emptyTensors = "Tensors have at least one value."
    case contiguous = "Tensor data follows the order of the descriptions without gaps beyond the padding."
    case zeroPadding = "Padding consists of zero bytes."
    case noTrailingBytes = "Nothing follows the data of the last tensor but its padding."
    case vocabulary = "Token scores and types are as many as the tokens."
    case layerArrays = "Per-layer arrays have one element for each block."
    case shardMetadata = "Shards after the first have no keys but split.* and general.alignment."

    /// The name as `inspect` prints it.
    public var name: String { "\(self)" }
    public var sentence: String { rawValue }
}

extension GGUFError {
    /// The rule that is broken.
    public var rule: GGUFRule {
        switch self {
        case .io, .notRegularFile: .readable
        case .notGGUF: .magic
        case .bigEndian: .byteOrder
        case .unsupportedVersion: .version
        case .truncated: .complete
        case .overLimit(_, _, let what, _): what == .tensorNameBytes ? .tensorNames : .limits
        case .invalidKey: .keyNames
        case .duplicateKey: .uniqueKeys
        case .unknownValueType: .valueTypes
        case .nestedArray: .flatArrays
        case .notANumber: .noNaN
        case .badAlignment: .alignment
        case .missingKey: .requiredKeys
        case .wrongType: .keyTypes
        case .invalidTensorName: .tensorNames
        case .duplicateTensor: .uniqueTensors
        case .dimensionCount: .dimensions
        case .tensorTooLarge: .tensorSizes
        case .unsupportedTensorType: .tensorTypes
        case .partialBlock: .wholeBlocks
        case .misalignedTensor: .tensorAlignment
        case .tensorOutsideFile: .tensorsInside
        case .overlappingTensors: .noOverlap
        case .splitName: .splitNames
        case .splitShardMissing: .splitComplete
        case .splitMismatch: .splitConsistent
        }
    }
}
