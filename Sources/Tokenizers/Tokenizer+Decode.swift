// Token ids back to bytes. A token's bytes do not depend on its neighbours, so any cut of a sequence decodes to a cut
// of its bytes; only the space of the dummy prefix, when told, is left out at the front.

extension Tokenizer {
    /// The bytes `token` contributes to running text: none for control and unknown tokens and for ids outside.
    public func bytes(of token: TokenID) -> [UInt8] {
        var bytes: [UInt8] = []
        append(token, special: false, to: &bytes)
        return bytes
    }

    /// The exact bytes of `tokens`; they need not be valid UTF-8.
    ///
    /// `special` writes control tokens as their text. `dropsDummyPrefix` leaves out one leading space if this
    /// tokenizer puts one before text: for whole documents, not for continuations.
    public func decode(_ tokens: [TokenID], special: Bool = false, dropsDummyPrefix: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        for token in tokens { append(token, special: special, to: &bytes) }
        if dropsDummyPrefix, addsSpacePrefix, bytes.first == 0x20 { bytes.removeFirst() }
        return bytes
    }

    /// The raw text of a token as the file spells it, for display; empty for ids outside the vocabulary.
    public func piece(_ token: TokenID) -> String {
        guard vocabulary.contains(token) else { return "" }
        return String(decoding: vocabulary.texts[Int(token)], as: UTF8.self)
    }

    /// Whether a token is a control token, which has no text of its own.
    public func isControl(_ token: TokenID) -> Bool {
        vocabulary.contains(token) && vocabulary.kinds[Int(token)] == .control
    }

    private func append(_ token: TokenID, special: Bool, to bytes: inout [UInt8]) {
        guard vocabulary.contains(token) else { return }
        let text = vocabulary.texts.bytes.span.extracting(vocabulary.texts.range(Int(token)))
        switch vocabulary.kinds[Int(token)] {
        case .control, .unknown:
            if special { appendRaw(text, to: &bytes) }
        case .userDefined:
            appendRaw(text, to: &bytes)
        case .byte:
            if let byte = Self.byteValue(text) { bytes.append(byte) } else { appendRaw(text, to: &bytes) }
        case .normal, .unused:
            switch encoder {
            case .bytePair(let encoder) where encoder.unit == .byte: ByteAlphabet.unspell(text, into: &bytes)
            case .bytePair, .sentencePiece, .unigram, .wordPiece: appendUnescaped(text, to: &bytes)
            }
        }
    }

    private func appendRaw(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        for index in 0..<text.count { bytes.append(text[index]) }
    }

    /// U+2581 becomes a space.
    private func appendUnescaped(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        var index = 0
        while index < text.count {
            if index + 2 < text.count, text[index] == 0xE2, text[index + 1] == 0x96, text[index + 2] == 0x81 {
                bytes.append(0x20)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
    }

    /// 0x0A of "<0x0A>".
    private static func byteValue(_ text: Span<UInt8>) -> UInt8? {
        guard text.count == 6, let high = hexDigit(text[3]), let low = hexDigit(text[4]) else { return nil }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
