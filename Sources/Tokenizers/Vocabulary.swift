// The tokens of a file: raw text (as the file spells it) in one arena, kinds, scores, and a hash index from text to id.
// Raw means: "Ġthe" for byte-level vocabularies, "▁the" for SentencePiece, "<0x0A>" for byte tokens.
// The index is open addressing over 64-bit entries: 32 bits of hash and the id; it is seeded per process, so that a
// file cannot be made to collide.

public typealias TokenID = Int32

/// `tokenizer.ggml.token_type`.
enum TokenKind: UInt8, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
}

struct Vocabulary: Sendable {
    let texts: ByteStrings
    private(set) var kinds: [TokenKind]
    /// Empty where the file has none.
    let scores: [Float]
    let longestText: Int
    private let index: [UInt64]  // hash << 32 | id + 1; 0: free

    var count: Int { texts.count }

    /// Bytes of the longest token that is accepted; the longest of public models have some hundreds.
    static let longestAccepted = 16384

    init(texts: ByteStrings, kinds: [TokenKind], scores: [Float]) throws(TokenizerError) {
        guard texts.count > 0 else { throw .emptyVocabulary }
        guard texts.count <= 1 << 24 else {
            throw .wrongLength(key: "tokenizer.ggml.tokens", expected: 1 << 24, found: texts.count)
        }
        self.texts = texts
        self.kinds = kinds
        self.scores = scores
        var size = 16
        while size < texts.count * 2 { size *= 2 }
        var index = [UInt64](repeating: 0, count: size)
        var longest = 0
        for id in 0..<texts.count {
            let range = texts.range(id)
            longest = max(longest, range.count)
            guard range.count <= Self.longestAccepted else {
                throw .tokenTooLong(id: id, bytes: range.count, limit: Self.longestAccepted)
            }
            guard !range.isEmpty else { continue }  // an empty text is no way to find a token
            let hash = Self.hash(texts.bytes.span.extracting(range))
            var slot = Int(truncatingIfNeeded: hash) & (size - 1)
            while index[slot] != 0 {
                if index[slot] >> 32 == hash >> 32 {
                    let other = Int(index[slot] & 0xFFFF_FFFF) - 1
                    if texts[other] == texts[id] {
                        throw .duplicateToken(
                            text: String(decoding: texts[id], as: UTF8.self), first: other, second: id)
                    }
                }
                slot = (slot + 1) & (size - 1)
            }
            index[slot] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(id + 1)
        }
        self.index = index
        longestText = longest
    }

    /// The token whose raw text is `text`.
    @inline(__always)
    func find(_ text: Span<UInt8>) -> TokenID? {
        guard text.count <= longestText, !text.isEmpty else { return nil }
        let hash = Self.hash(text)
        let mask = index.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while index[slot] != 0 {
            if index[slot] >> 32 == hash >> 32 {
                let id = Int(index[slot] & 0xFFFF_FFFF) - 1
                if isEqual(texts.range(id), text) { return TokenID(truncatingIfNeeded: id) }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func find(_ text: [UInt8]) -> TokenID? { find(text.span) }

    func find(_ text: String) -> TokenID? { find(Array(text.utf8)) }

    mutating func setKind(_ kind: TokenKind, of id: TokenID) { kinds[Int(id)] = kind }

    @inline(__always)
    func contains(_ id: TokenID) -> Bool { id >= 0 && Int(id) < count }

    @inline(__always)
    private func isEqual(_ range: Range<Int>, _ text: Span<UInt8>) -> Bool {
        guard range.count == text.count else { return false }
        let bytes = texts.bytes.span
        for offset in 0..<text.count where bytes[range.lowerBound + offset] != text[offset] { return false }
        return true
    }

    private static let seed = UInt64.random(in: 0...UInt64.max)

    /// A seeded 64-bit hash: multiply and fold, eight bytes at a time.
    @inline(__always)
    private static func hash(_ text: Span<UInt8>) -> UInt64 {
        let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        let bytes = text.bytes
        var state = seed ^ UInt64(truncatingIfNeeded: text.count)
        var offset = 0
        while offset + 8 <= text.count {
            state ^= bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let (high, low) = state.multipliedFullWidth(by: multiplier)
            state = high ^ low ^ multiplier
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < text.count {
            tail = tail << 8 | UInt64(text[offset])
            offset += 1
        }
        let (high, low) = (state ^ tail).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        let folded = high ^ low
        return folded ^ folded >> 29
    }
}
