// Bytes that tensors look into: zero pages reserved from the system, or a view of memory that someone else owns.
// One idea: reserved pages cost nothing until written, so a cache for a long context may be reserved at once.
// Thread safety is the caller's: a buffer is written by one forward pass at a time; views are never written.

import Glibc

public final class Buffer: @unchecked Sendable {
    /// A GPU's backend puts device addresses here, which nobody else may follow.
    public let contents: UnsafeMutableRawPointer
    public let byteCount: Int
    /// What keeps the memory that is looked into; nil: the buffer itself.
    public let owner: AnyObject?
    /// Stands in for the address of an empty view; never followed.
    nonisolated(unsafe) private static let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

    /// Reserves zeroed memory, page aligned; pages become resident when first written.
    public init(reserving byteCount: Int) throws(ComputeError) {
        let size = max(byteCount, 1)
        let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else { throw .outOfMemory(byteCount: byteCount) }
        contents = address
        self.byteCount = size
        owner = nil
    }

    /// Looks into memory that `owner` keeps alive; it must not be written through this buffer.
    public init(viewing bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        contents = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? Buffer.nowhere
        byteCount = bytes.count
        self.owner = owner
    }

    /// Asks the system for pages of megabytes: fewer faults and translations where much is read in order.
    func preferLargePages() { madvise(contents, byteCount, MADV_HUGEPAGE) }

    deinit {
        if owner == nil { munmap(contents, byteCount) }
    }
}
