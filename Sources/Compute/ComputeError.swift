// What can go wrong in a backend: memory, threads, an unknown instruction set, a weight it cannot multiply with.
// Operations themselves have no error path: the decoder validates shapes when the weights are loaded.

public enum ComputeError: Error, Equatable, CustomStringConvertible {
    case outOfMemory(byteCount: Int)
    case noThreads(requested: Int)
    case unknownISA(name: String, known: [String])
    case unsupportedWeightType(label: String)
    case wrongByteCount(expected: Int, found: Int)
    /// The device went away or was reset; everything on it is lost. A caller may go on with another backend.
    case deviceLost(device: String)
    case deviceFailed(device: String, reason: String)

    public var description: String {
        switch self {
        case .outOfMemory(let byteCount): "cannot reserve \(byteCount) bytes of memory"
        case .noThreads(let requested): "cannot make \(requested) threads"
        case .unknownISA(let name, let known):
            "instruction set '\(name)' is unknown or not supported by this CPU; available: \(known.joined(separator: ", "))"
        case .unsupportedWeightType(let label): "weights of type \(label) cannot be multiplied with"
        case .wrongByteCount(let expected, let found): "a tensor needs \(expected) bytes, \(found) were given"
        case .deviceLost(let device): "the device \(device) was lost"
        case .deviceFailed(let device, let reason): "the device \(device) failed: \(reason)"
        }
    }
}
