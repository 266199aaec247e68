// Failures as the C interface tells them: a status and one sentence in the caller's buffer.

import CCoolFusion
import Fusion
import GGUF
import Glibc
import Inference

enum ABIError: Error {
    case argument(String)
    case inference(InferenceError)
    case fusion(FusionError)
    case bufferTooSmall(needed: Int, capacity: Int)
    case cancelled

    var status: coolfusion_status {
        switch self {
        case .argument: COOLFUSION_INVALID_ARGUMENT
        case .inference(let error): ABIError.status(of: error)
        case .fusion(.allFailed), .fusion(.noModels), .fusion(.noThread): COOLFUSION_FAILED
        case .fusion: COOLFUSION_INVALID_ARGUMENT
        case .bufferTooSmall: COOLFUSION_BUFFER_TOO_SMALL
        case .cancelled: COOLFUSION_CANCELLED
        }
    }

    private static func status(of error: InferenceError) -> coolfusion_status {
        switch error {
        case .file(.io(_, _, ENOENT)): COOLFUSION_FILE_MISSING
        case .contextFull: COOLFUSION_CONTEXT_FULL
        case .notFinite: COOLFUSION_NOT_FINITE
        case .invalidSampling, .emptyPrompt: COOLFUSION_INVALID_ARGUMENT
        case .compute: COOLFUSION_OUT_OF_MEMORY
        default: COOLFUSION_BAD_MODEL
        }
    }

    var sentence: String {
        switch self {
        case .argument(let sentence): sentence
        case .inference(let error): error.description
        case .fusion(let error): error.description
        case .bufferTooSmall(let needed, let capacity): "the buffer holds \(capacity), \(needed) are needed"
        case .cancelled: "cancelled"
        }
    }
}

/// Where a caller wants the sentence.
struct ErrorBuffer {
    var bytes: UnsafeMutablePointer<CChar>?
    var capacity: Int

    init(_ bytes: UnsafeMutablePointer<CChar>?, _ capacity: Int) {
        self.bytes = bytes
        self.capacity = capacity
    }

    /// Runs `body`; on failure writes the sentence, cut on a character's border.
    func report(_ body: () throws(ABIError) -> Void) -> coolfusion_status {
        do {
            try body()
            return COOLFUSION_OK
        } catch {
            write(error.sentence)
            return error.status
        }
    }

    private func write(_ sentence: String) {
        guard let bytes, capacity > 0 else { return }
        var length = 0
        for scalar in sentence.unicodeScalars {
            let encoded = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            guard length + encoded.count < capacity else { break }
            for byte in encoded {
                bytes[length] = CChar(bitPattern: byte)
                length += 1
            }
        }
        bytes[length] = 0
    }
}

/// Runs `body` and carries an engine error over.
func engine<T>(_ body: () throws(InferenceError) -> T) throws(ABIError) -> T {
    do { return try body() } catch { throw .inference(error) }
}

/// A text given as pointer and length.
func text(_ bytes: UnsafePointer<CChar>?, _ length: Int, _ name: String) throws(ABIError) -> String {
    guard length >= 0 else { throw .argument("the length of \(name) is out of range") }
    guard let bytes else {
        guard length == 0 else { throw .argument("\(name) is NULL") }
        return ""
    }
    let buffer = UnsafeRawBufferPointer(start: bytes, count: length)
    guard let text = String(validating: buffer, as: UTF8.self) else { throw .argument("\(name) is not valid UTF-8") }
    return text
}

/// A NUL-terminated text; nil for NULL.
func text(terminated bytes: UnsafePointer<CChar>?, _ name: String) throws(ABIError) -> String? {
    guard let bytes else { return nil }
    guard let text = String(validatingCString: bytes) else { throw .argument("\(name) is not valid UTF-8") }
    return text
}

/// Options of the right size, `fallback` for NULL.
func options<T>(_ given: UnsafePointer<T>?, size: KeyPath<T, Int>, fallback: T) throws(ABIError) -> T {
    guard let given else { return fallback }
    guard given.pointee[keyPath: size] == MemoryLayout<T>.size else {
        throw .argument(
            "options of \(given.pointee[keyPath: size]) bytes, this version has \(MemoryLayout<T>.size)")
    }
    return given.pointee
}

/// Required output pointers.
func required<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: String) throws(ABIError) -> UnsafeMutablePointer<T> {
    guard let pointer else { throw .argument("\(name) is NULL") }
    return pointer
}

/// Copies into the caller's buffer; throws bufferTooSmall, after setting `count`.
func deliver<T>(_ values: [T], to buffer: UnsafeMutablePointer<T>?, capacity: Int, count: UnsafeMutablePointer<Int>?)
    throws(ABIError)
{
    count?.pointee = values.count
    guard values.count <= max(capacity, 0), buffer != nil || values.isEmpty else {
        throw .bufferTooSmall(needed: values.count, capacity: buffer == nil ? 0 : max(capacity, 0))
    }
    values.withUnsafeBufferPointer { source in
        guard let start = source.baseAddress else { return }
        buffer?.update(from: start, count: source.count)
    }
}
