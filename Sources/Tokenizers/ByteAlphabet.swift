// GPT-2's spelling of bytes as printable characters, by which byte-level vocabularies store their tokens:
// the printable bytes of Latin-1 stand for themselves, the other 68 for U+0100 and on, in order.
// Source: openai/gpt-2 encoder.py, bytes_to_unicode.

enum ByteAlphabet {
    /// The scalar of each byte; all are below U+0144, so one or two bytes of UTF-8.
    static let scalars: [UInt16] = {
        var next: UInt16 = 256
        return (UInt16(0)..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                next += 1
                return next - 1
            }
        }
    }()

    /// The byte of each scalar below U+0144, or -1.
    static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The byte that `scalar` stands for, if it is of the alphabet.
    static func byte(of scalar: UInt32) -> UInt8? {
        scalar < 0x144 ? UInt8(exactly: bytes[Int(scalar)]) : nil
    }

    /// Appends the spelling of `text` to `spelled`.
    static func spell(_ text: Span<UInt8>, into spelled: inout [UInt8]) {
        for index in 0..<text.count { appendUTF8(UInt32(scalars[Int(text[index])]), to: &spelled) }
    }

    /// Appends the bytes that `spelled` stands for; characters outside the alphabet stand for themselves.
    static func unspell(_ spelled: Span<UInt8>, into bytes: inout [UInt8]) {
        var index = 0
        while index < spelled.count {
            let (value, length) = spelled.scalar(at: index)
            if let byte = byte(of: value) {
                bytes.append(byte)
            } else {
                for offset in 0..<length { bytes.append(spelled[index + offset]) }
            }
            index += length
        }
    }
}
