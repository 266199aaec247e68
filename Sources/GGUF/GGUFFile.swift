// An open GGUF model: one file or several shards, mapped, read or in memory; immutable.
// One idea: if it exists, it is valid; everything the format demands was checked before anything was allocated.
// It does not know architectures or tokenizers, and writes nothing (GGUFWriter).
// Source: GGUF specification, versions 2 and 3.

/// An open, checked GGUF file. Values handed out keep the bytes alive; raw pointers do not.
public final class GGUFFile: Sendable {
    public enum LoadMode: Sendable {
        /// Map the file: quick, and shared between processes. If another process shortens the file later, touching
        /// the missing pages kills this process (SIGBUS); no check at open can prevent that.
        case map
        /// Read the file into memory: survives whatever happens to the file afterwards.
        case read
    }

    /// As given by the caller.
    public let name: String
    public let version: UInt32
    /// Of all shards.
    public let byteCount: Int
    /// Of the first shard, which holds all metadata of a split model.
    public let metadata: GGUFMetadata
    /// Of all shards, in file order.
    public let tensors: [TensorInfo]
    let shards: [GGUFShard]
    private let table: NameTable

    /// Opens the file at `path`; any shard of a split model opens all of them.
    public convenience init(path: String, mode: LoadMode = .map) throws(GGUFError) {
        try self.init(path: path, mode: mode, .strict)
    }

    /// A copy of `bytes` as a file; `name` appears in errors.
    public convenience init(bytes: [UInt8], name: String) throws(GGUFError) {
        try self.init(sources: [FileBytes(copying: bytes, name: name)], name: name, .strict)
    }

    /// A file in static memory, which must stay valid and unchanged for the life of the process; it is not copied.
    public convenience init(embedded: UnsafeRawBufferPointer, name: String) throws(GGUFError) {
        try self.init(sources: [FileBytes(borrowing: embedded, name: name)], name: name, .strict)
    }

    init(sources: [FileBytes], name: String, _ strictness: Strictness) throws(GGUFError) {
        var tensors: [TensorInfo] = []
        var shards: [GGUFShard] = []
        for source in sources { shards.append(try GGUFShard(source, strictness, tensors: &tensors)) }
        try GGUFFile.checkSplit(shards, tensors: tensors.count)
        self.name = name
        self.shards = shards
        self.tensors = tensors
        version = shards[0].version
        metadata = shards[0].metadata
        byteCount = sources.reduce(0) { $0 + $1.count }
        let all = tensors
        do throws(NameTable.Duplicate) {
            table = try NameTable(count: all.count) { all[$0].nameBytes }
        } catch {
            let (first, second) = (all[error.first], all[error.second])
            throw .duplicateTensor(file: second.file, tensor: second.name, otherFile: first.file)
        }
    }

    public func tensor(_ name: String) -> TensorInfo? {
        var name = name
        return name.withUTF8 { utf8 in
            table.index(of: UnsafeRawBufferPointer(utf8)) { tensors[$0].nameBytes }
        }.map { tensors[$0] }
    }

    /// The data of a tensor of this file; valid while the file or the tensor's description lives.
    public func bytes(of tensor: TensorInfo) -> UnsafeRawBufferPointer {
        // An empty tensor may lie behind the end of a file that stops before its padding.
        tensor.byteCount == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : tensor.source[tensor.byteRange]
    }

    /// Gives the memory of mapped bytes back to the system: they are read again from the file when they are next used.
    /// Nothing happens to bytes that were read or lie in memory.
    public func releasePages(of bytes: UnsafeRawBufferPointer) {
        for shard in shards { shard.source.releasePages(of: bytes) }
    }
}
