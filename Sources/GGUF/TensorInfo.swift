// What a file says about one tensor, checked: where its bytes stand, its type and its shape.
// One idea: 64 bytes and no heap per tensor (a file may hold a million); name and shape are made when asked for.
// Dimensions are row-major here; GGUF writes them reversed ("ne" order), which only this file knows.

/// One tensor of an open file; keeps the file's bytes alive.
public struct TensorInfo: Sendable {
    let source: FileBytes
    private(set) var fileOffset: Int
    private let extents: [4 of Int]  // as in the file: fastest-varying first
    private let nameStart: Int
    private let nameLength: UInt8
    private let rank: UInt8
    public let type: TensorType

    /// The caller has checked that the dimensions fill whole blocks and that the size does not overflow.
    init(source: FileBytes, name: Range<Int>, type: TensorType, extents: [4 of Int], rank: Int, fileOffset: Int) {
        self.source = source
        self.fileOffset = fileOffset
        self.extents = extents
        self.nameStart = name.lowerBound
        self.nameLength = UInt8(name.count)
        self.rank = UInt8(rank)
        self.type = type
    }

    var nameRange: Range<Int> { nameStart..<nameStart + Int(nameLength) }
    var nameBytes: UnsafeRawBufferPointer { source[nameRange] }
    var byteRange: Range<Int> { fileOffset..<fileOffset + byteCount }

    mutating func moveData(by distance: Int) { fileOffset += distance }

    public var name: String { source.text(nameRange) }
    /// Row-major: `[out, in]` for a weight matrix; one to four dimensions.
    public var shape: [Int] { (0..<Int(rank)).reversed().map { extents[$0] } }
    /// Values, the product of the shape.
    public var valueCount: Int { extents[0] * extents[1] * extents[2] * extents[3] }
    /// Bytes of the data, without padding.
    public var byteCount: Int { valueCount / type.blockSize * type.blockBytes }
    /// The file (shard) that holds the data, as given.
    public var file: String { source.name }
    /// Offset of the data from the beginning of that file.
    public var offset: Int { fileOffset }
}
