// Text of a growing token sequence, given out only in whole scalars: the first bytes of a character wait for the rest.
// Bytes that can no longer become UTF-8 come out as U+FFFD; nothing is held back longer than three bytes.

/// Decodes tokens one by one into printable text.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private var waiting: [UInt8] = []

    public init(tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// The text that `token` completes; may be empty.
    public mutating func append(_ token: TokenID) -> String {
        waiting.append(contentsOf: tokenizer.bytes(of: token))
        let ready = waiting.count - Self.unfinished(waiting)
        let text = String(decoding: waiting[..<ready], as: UTF8.self)
        waiting.removeFirst(ready)
        return text
    }

    /// What still waits, malformed as it is, as U+FFFD.
    public mutating func finish() -> String {
        let text = String(decoding: waiting, as: UTF8.self)
        waiting.removeAll()
        return text
    }

    /// How many bytes at the end begin a scalar that more bytes could complete.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let lead = bytes[bytes.count - length]
            if lead & 0xC0 == 0x80 { continue }
            let needed = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1
            return lead <= 0xF4 && needed > length && canContinue(bytes[(bytes.count - length)...]) ? length : 0
        }
        return 0
    }

    /// Whether the second byte, if there, fits its lead (no overlong forms, surrogates or values above U+10FFFF).
    private static func canContinue(_ tail: ArraySlice<UInt8>) -> Bool {
        guard let lead = tail.first, let second = tail.dropFirst().first else { return true }
        return switch lead {
        case 0xE0: second >= 0xA0
        case 0xED: second < 0xA0
        case 0xF0: second >= 0x90
        case 0xF4: second < 0x90
        default: true
        }
    }
}
