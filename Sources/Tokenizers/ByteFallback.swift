// What becomes of characters that are no token: their bytes' tokens <0xXX>, or the unknown token where the vocabulary
// has no such tokens: one for a whole run of unknown characters, as SentencePiece does.

struct ByteFallback: Sendable {
    /// Whether the last thing appended was the unknown token.
    struct Run { var isUnknown = false }

    let tokens: [TokenID]  // by byte; -1: absent
    private let unknown: TokenID?

    init(_ vocabulary: Vocabulary, unknown: TokenID?) {
        let digits = Array("0123456789ABCDEF".utf8)
        tokens = (0..<256).map { byte in
            let text = Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15]] + Array(">".utf8)
            guard let id = vocabulary.find(text), vocabulary.kinds[Int(id)] == .byte else { return -1 }
            return id
        }
        self.unknown = unknown
    }

    /// Appends the ids of one character that is no token.
    func append(_ character: Span<UInt8>, _ run: inout Run, to ids: inout [TokenID]) {
        var isComplete = true
        for index in 0..<character.count where tokens[Int(character[index])] < 0 { isComplete = false }
        if isComplete {
            for index in 0..<character.count { ids.append(tokens[Int(character[index])]) }
            run.isUnknown = false
        } else if let unknown, !run.isUnknown {
            ids.append(unknown)
            run.isUnknown = true
        }
    }
}
