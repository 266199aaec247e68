// The bytes of one file: mapped, read into memory, or borrowed from static memory.
// One idea: every other type holds a reference to this object and names bytes by offset, so nothing is copied and no
// pointer outlives its memory. Together with GGUFReader the only unsafe code of the module.
// It does not parse. A mapped file that another process shortens cannot be survived (SIGBUS): see GGUFFile.LoadMode.
import Glibc

final class FileBytes: @unchecked Sendable {  // immutable after init
    private enum Owner { case mapping, allocation, borrowed }

    let name: String
    let count: Int
    private let base: UnsafeRawPointer
    private let owner: Owner

    private init(name: String, base: UnsafeRawPointer, count: Int, owner: Owner) {
        self.name = name
        self.base = base
        self.count = count
        self.owner = owner
    }

    deinit {
        switch owner {
        case .mapping: munmap(UnsafeMutableRawPointer(mutating: base), count)
        case .allocation: base.deallocate()
        case .borrowed: break
        }
    }

    /// `name` replaces the path in errors.
    convenience init(path: String, mode: GGUFFile.LoadMode, name: String? = nil) throws(GGUFError) {
        // O_NONBLOCK: a FIFO given by mistake must be refused, not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .io(file: path, operation: "open", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .io(file: path, operation: "stat", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile(file: path) }
        let count = Int(status.st_size)
        guard count > 0 else {
            throw .truncated(file: path, subject: "the header", offset: 0, needed: 24, available: 0)
        }
        switch mode {
        case .map:
            guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
                throw .io(file: path, operation: "map", code: errno)
            }
            self.init(name: name ?? path, base: UnsafeRawPointer(address), count: count, owner: .mapping)
        case .read:
            let address = try FileBytes.readAll(descriptor, count: count, path: path)
            self.init(name: name ?? path, base: address, count: count, owner: .allocation)
        }
    }

    convenience init(copying bytes: [UInt8], name: String) {
        let address = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
        address.copyMemory(from: bytes, byteCount: bytes.count)
        self.init(name: name, base: UnsafeRawPointer(address), count: bytes.count, owner: .allocation)
    }

    /// `memory` must stay valid and unchanged for the life of the process.
    convenience init(borrowing memory: UnsafeRawBufferPointer, name: String) {
        guard let base = memory.baseAddress else {
            self.init(copying: [], name: name)
            return
        }
        self.init(name: name, base: base, count: memory.count, owner: .borrowed)
    }

    /// The bytes of `range`, which must lie inside the file; valid while this object lives.
    subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the file")
        return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Drops the whole pages inside `bytes`, where they are part of a mapping; who reads there again maps them again.
    func releasePages(of bytes: UnsafeRawBufferPointer) {
        guard owner == .mapping, let start = bytes.baseAddress, start >= base, start < base + count else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let first = (start - base + page - 1) / page * page
        let end = min(start - base + bytes.count, count) / page * page
        if first < end { madvise(UnsafeMutableRawPointer(mutating: base + first), end - first, MADV_DONTNEED) }
    }

    /// A copy of the text in `range`, invalid UTF-8 replaced by U+FFFD.
    func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }

    /// Why the name in `range` cannot be one; nil if it can. Names are asked for as Swift strings, which a name with
    /// invalid UTF-8 would never equal, and by C programs, which would stop at a zero.
    func faultOfName(_ range: Range<Int>) -> String? {
        let bytes = self[range]
        if bytes.isEmpty { return "is empty" }
        if bytes.allSatisfy({ $0 != 0 && $0 < 0x80 }) { return nil }
        if bytes.contains(0) { return "contains a zero byte" }
        return String(validating: bytes, as: UTF8.self) == nil ? "is not valid UTF-8" : nil
    }

    func isZero(_ range: Range<Int>) -> Bool { self[range].allSatisfy { $0 == 0 } }

    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let a = left.baseAddress, let b = right.baseAddress else { return true }
        return memcmp(a, b, left.count) == 0
    }

    private static func readAll(_ descriptor: Int32, count: Int, path: String) throws(GGUFError) -> UnsafeRawPointer {
        guard let address = aligned_alloc(64, (count + 63) / 64 * 64) else {
            throw .io(file: path, operation: "allocate memory for", code: ENOMEM)
        }
        var done = 0
        while done < count {
            let got = read(descriptor, address + done, count - done)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else {
                let code = errno
                free(address)
                guard got < 0 else {
                    throw .truncated(
                        file: path, subject: "the file, which became shorter while it was read", offset: done,
                        needed: UInt64(count - done), available: 0)
                }
                throw .io(file: path, operation: "read", code: code)
            }
            done += got
        }
        return UnsafeRawPointer(address)
    }
}
