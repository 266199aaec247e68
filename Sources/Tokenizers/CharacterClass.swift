// The Unicode classes of the pre-tokenizers' patterns, and UTF-8 reading that cannot fail.
// A scalar's class is one bit of seven; letters carry one bit per case they may stand in, so \p{L} is two bits.
// A byte that is no part of well-formed UTF-8 reads as U+FFFD of length one.
// The table is generated (CharacterClassTable.swift); there is no start-up work.

struct CharacterClass: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let upper = CharacterClass(rawValue: 1)  // Lu, Lt, and the caseless Lm, Lo
    static let lower = CharacterClass(rawValue: 2)  // Ll, and the caseless Lm, Lo
    static let letter: CharacterClass = [.upper, .lower]
    static let number = CharacterClass(rawValue: 4)
    static let punctuation = CharacterClass(rawValue: 8)
    static let symbol = CharacterClass(rawValue: 16)
    static let mark = CharacterClass(rawValue: 32)
    static let whiteSpace = CharacterClass(rawValue: 64)
    /// Of a text, never of a scalar: there is more than ASCII in it.
    static let beyondASCII = CharacterClass(rawValue: 128)
    static let anything = CharacterClass(rawValue: 255)

    @inline(__always)
    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The class of `scalar`; values above U+10FFFF have none.
    @inline(__always)
    init(of scalar: UInt32) {
        guard scalar < 0x110000 else {
            self.init(rawValue: 0)
            return
        }
        let index = CharacterClassTable.index.utf8Start + Int(scalar >> 8) * 2
        let block = (Int(index[0]) - 97) << 4 | (Int(index[1]) - 97)
        let digit = CharacterClassTable.blocks.utf8Start[block << 8 | Int(scalar & 255)]
        self.init(digit: digit)
    }

    /// The class of an ASCII byte.
    @inline(__always)
    init(ofASCII byte: UInt8) {
        self.init(digit: CharacterClassTable.blocks.utf8Start[Int(byte)])
    }

    /// Class digit 0...8 of the table to bits, seven bits per digit.
    @inline(__always)
    private init(digit: UInt8) {
        let bits: UInt64 =
            1 << 7 | 2 << 14 | 3 << 21 | 4 << 28 | 8 << 35 | 16 << 42 | 32 << 49 | 64 << 56
        self.init(rawValue: UInt8(truncatingIfNeeded: bits >> (UInt64(digit & 15) &* 7)) & 127)
    }

    @inline(__always)
    func meets(_ other: CharacterClass) -> Bool { rawValue & other.rawValue != 0 }
}

extension Span<UInt8> {
    /// The scalar that starts at `index` and its length in bytes; (U+FFFD, 1) where the bytes are malformed.
    @inline(__always)
    func scalar(at index: Int) -> (value: UInt32, length: Int) {
        let first = self[index]
        if first < 0x80 { return (UInt32(first), 1) }
        return longScalar(at: index, first: first)
    }

    @inline(never)
    private func longScalar(at index: Int, first: UInt8) -> (value: UInt32, length: Int) {
        let malformed: (UInt32, Int) = (0xFFFD, 1)
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return malformed
        }
        guard index + length <= count else { return malformed }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = self[index + offset]
            guard byte & 0xC0 == 0x80 else { return malformed }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000)
        guard !overlong, value < 0x110000, !(0xD800...0xDFFF).contains(value) else { return malformed }
        return (value, length)
    }

    /// The class and length of the scalar at `index`; no class and length 0 at the end.
    @inline(__always)
    func characterClass(at index: Int) -> (class: CharacterClass, length: Int) {
        guard index < count else { return (CharacterClass(rawValue: 0), 0) }
        let byte = self[index]
        if byte < 0x80 { return (CharacterClass(ofASCII: byte), 1) }
        let (value, length) = scalar(at: index)
        return (CharacterClass(of: value), length)
    }

    /// The classes of the scalars in `range`; `.anything` where one has none, or where looking takes too long.
    @inline(__always)
    func classes(in range: Range<Int>) -> CharacterClass {
        guard range.count <= 32 else { return .anything }
        var classes = CharacterClass(rawValue: 0)
        for index in range {
            let byte = self[index]
            guard byte < 0x80 else { return .anything }
            let found = CharacterClass(ofASCII: byte)
            guard found.rawValue != 0 else { return .anything }
            classes.formUnion(found)
        }
        return classes
    }

    /// The end of the run of scalars from `index` whose class meets `classes`.
    @inline(__always)
    func run(of classes: CharacterClass, from index: Int, limit: Int = .max) -> Int {
        var end = index
        var left = limit
        while end < count, left > 0 {
            let (found, length) = characterClass(at: end)
            guard found.meets(classes) else { break }
            end += length
            left -= 1
        }
        return end
    }

    /// The end of the run of scalars from `index` whose class meets none of `classes`.
    @inline(__always)
    func run(outside classes: CharacterClass, from index: Int) -> Int {
        var end = index
        while end < count {
            let (found, length) = characterClass(at: end)
            guard !found.meets(classes) else { break }
            end += length
        }
        return end
    }
}

/// Appends the UTF-8 form of `scalar`, which must be a Unicode scalar value.
func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    switch scalar {
    case ..<0x80:
        bytes.append(UInt8(scalar))
    case ..<0x800:
        bytes.append(UInt8(0xC0 | scalar >> 6))
        bytes.append(UInt8(0x80 | scalar & 63))
    case ..<0x10000:
        bytes.append(UInt8(0xE0 | scalar >> 12))
        bytes.append(UInt8(0x80 | scalar >> 6 & 63))
        bytes.append(UInt8(0x80 | scalar & 63))
    default:
        bytes.append(UInt8(0xF0 | scalar >> 18 & 7))
        bytes.append(UInt8(0x80 | scalar >> 12 & 63))
        bytes.append(UInt8(0x80 | scalar >> 6 & 63))
        bytes.append(UInt8(0x80 | scalar & 63))
    }
}
