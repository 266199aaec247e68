// Objects behind the C interface's opaque pointers. A handle is a small block with a mark that says what it is, so a NULL,
// foreign or closed pointer becomes a status and a sentence. In debug builds closed blocks are kept, which makes the
// check of a closed handle certain; in release builds they are freed and such a call is the caller's error.

import CCoolFusion

/// What a handle can be; the values are arbitrary marks.
enum HandleKind: UInt64 {
    case model = 0x636f_6f6c_6d6f_6431
    case session = 0x636f_6f6c_7365_7331
    case cancellation = 0x636f_6f6c_6361_6e31

    var name: String {
        switch self {
        case .model: "model"
        case .session: "session"
        case .cancellation: "cancellation"
        }
    }
}

enum Handle {
    private struct Block {
        var mark: UInt64
        var object: Unmanaged<AnyObject>
    }

    private static let closed: UInt64 = 0x636f_6f6c_636c_6f73

    static func make(_ object: AnyObject, _ kind: HandleKind) -> OpaquePointer {
        let block = UnsafeMutablePointer<Block>.allocate(capacity: 1)
        block.initialize(to: Block(mark: kind.rawValue, object: Unmanaged.passRetained(object)))
        return OpaquePointer(block)
    }

    static func object<T: AnyObject>(_ handle: OpaquePointer?, _ kind: HandleKind, as type: T.Type)
        throws(ABIError) -> T
    {
        let block = try block(handle, kind)
        guard let object = block.pointee.object.takeUnretainedValue() as? T else {
            throw .argument("the \(kind.name) is not one of this library")
        }
        return object
    }

    /// Closes a handle; NULL and what is not a handle of this kind are left alone.
    static func close(_ handle: OpaquePointer?, _ kind: HandleKind) {
        guard let block = try? block(handle, kind) else { return }
        block.pointee.mark = closed
        block.pointee.object.release()
        var keepsBlock = false
        assert(
            {
                keepsBlock = true
                return true
            }())
        if !keepsBlock { block.deallocate() }
    }

    private static func block(_ handle: OpaquePointer?, _ kind: HandleKind) throws(ABIError)
        -> UnsafeMutablePointer<Block>
    {
        guard let handle else { throw .argument("the \(kind.name) is NULL") }
        guard Int(bitPattern: handle) % MemoryLayout<Block>.alignment == 0 else {
            throw .argument("the \(kind.name) is not a handle")
        }
        let block = UnsafeMutablePointer<Block>(handle)
        if block.pointee.mark == closed { throw .argument("the \(kind.name) is closed") }
        guard block.pointee.mark == kind.rawValue else { throw .argument("the pointer is no \(kind.name)") }
        return block
    }
}
