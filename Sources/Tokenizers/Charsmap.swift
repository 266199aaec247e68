// SentencePiece's normaliser: the longest match of the text in a double-array trie is replaced by a stored string.
// Layout: u32 size of the trie in bytes | trie of u32 units | replacement strings, each ended by a zero byte.
// Unit: bit 31 and bits 0-7 the label, bit 8 "has a leaf", bit 9 the scale of the offset, bits 10-31 the offset; in a
// leaf, bits 0-30 the place of the replacement. Source: s-yata/darts-clone; google/sentencepiece normalizer.cc.

struct Charsmap: Sendable {
    private let units: [UInt32]
    private let strings: [UInt8]

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        guard bytes.count > 4 else { throw .badCharsmap("it has \(bytes.count) bytes") }
        let size = Int(Self.word(bytes, 0))
        guard size > 0, size % 4 == 0, size <= bytes.count - 4 else {
            throw .badCharsmap("its trie has \(size) bytes of \(bytes.count - 4)")
        }
        units = (0..<size / 4).map { Self.word(bytes, 4 + $0 * 4) }
        strings = Array(bytes[(4 + size)...])
        guard strings.last ?? 0 == 0 else { throw .badCharsmap("its last string has no end") }
    }

    /// `text` with everything replaced; bytes that are no UTF-8 become U+FFFD.
    func apply(_ text: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if let (end, place) = longest(text, index) {
                var position = place
                while position < strings.count, strings[position] != 0 {
                    result.append(strings[position])
                    position += 1
                }
                index = end
            } else {
                let (value, length) = text.scalar(at: index)
                appendUTF8(value, to: &result)
                index += length
            }
        }
        return result
    }

    /// The longest key that begins at `start`: its end and where its replacement stands.
    private func longest(_ text: Span<UInt8>, _ start: Int) -> (end: Int, place: Int)? {
        var best: (Int, Int)?
        var node = Self.offset(units[0])
        var index = start
        while index < text.count, text[index] != 0 {
            node ^= Int(text[index])
            guard node < units.count, units[node] & 0x8000_00FF == UInt32(text[index]) else { break }
            let hasLeaf = units[node] >> 8 & 1 == 1
            node ^= Self.offset(units[node])
            guard node < units.count else { break }
            index += 1
            if hasLeaf {
                let place = Int(units[node] & 0x7FFF_FFFF)
                if place < strings.count { best = (index, place) }
            }
        }
        return best
    }

    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }

    private static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
            | UInt32(bytes[index + 3]) << 24
    }
}
