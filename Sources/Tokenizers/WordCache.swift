// Repeated words of one long text are encoded once: a direct-mapped table from a word to where it stood in the text
// and in the output, so that nothing is copied. Short texts go without.

struct WordCache {
    private struct Entry {
        var start: Int32 = 0
        var length: Int32 = 0  // 0: free
        var firstID: Int32 = 0
        var count: Int32 = 0
    }

    private var entries: [Entry] = []
    private static let size = 4096
    private static let shortestText = 2048
    private static let longestWord = 32

    /// A cache for one text; ids of every call must be those of the same growing array.
    init(textBytes: Int) {
        if textBytes >= Self.shortestText, textBytes < Int(Int32.max) {
            entries = [Entry](repeating: Entry(), count: Self.size)
        }
    }

    /// Appends the ids of the word at `range`, from the cache or from `encode`.
    @inline(__always)
    mutating func ids(
        of range: Range<Int>, in text: Span<UInt8>, into ids: inout [TokenID], encode: (inout [TokenID]) -> Void
    ) {
        guard !entries.isEmpty, range.count <= Self.longestWord else { return encode(&ids) }
        var hash: UInt64 = 0
        for index in range { hash = (hash ^ UInt64(text[index])) &* 0x9E37_79B9_7F4A_7C15 }
        let slot = Int(truncatingIfNeeded: hash >> 52)
        let entry = entries[slot]
        if entry.length == range.count, isEqual(text, Int(entry.start), range) {
            let first = Int(entry.firstID)
            for index in first..<first + Int(entry.count) { ids.append(ids[index]) }
            return
        }
        let first = ids.count
        encode(&ids)
        entries[slot] = Entry(
            start: Int32(range.lowerBound), length: Int32(range.count), firstID: Int32(truncatingIfNeeded: first),
            count: Int32(truncatingIfNeeded: ids.count - first))
    }

    @inline(__always)
    private func isEqual(_ text: Span<UInt8>, _ start: Int, _ range: Range<Int>) -> Bool {
        for offset in 0..<range.count where text[start + offset] != text[range.lowerBound + offset] { return false }
        return true
    }
}
