// Many byte strings in one arena: bytes and offsets, no allocation per string.

struct ByteStrings: Sendable {
    private(set) var bytes: [UInt8] = []
    private var offsets: [Int] = [0]

    var count: Int { offsets.count - 1 }

    init() {}

    init(_ strings: some Sequence<String>) {
        for string in strings { append(Array(string.utf8)) }
    }

    mutating func reserve(strings: Int, bytes: Int) {
        offsets.reserveCapacity(strings + 1)
        self.bytes.reserveCapacity(bytes)
    }

    mutating func append(_ string: some Sequence<UInt8>) {
        bytes.append(contentsOf: string)
        offsets.append(bytes.count)
    }

    @inline(__always)
    func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }
}
