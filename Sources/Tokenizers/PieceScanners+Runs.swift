// Scanners for the small patterns that several pre-tokenizers apply one after another: runs of a class or of ranges,
// digit groups, lines. Sources as in PieceScanners.swift.

/// `[class]{1,limit}`, with further ASCII bytes (`\$`, `\+`, ...) counted in.
func scanRun(of classes: CharacterClass, limit: Int = .max, or extra: StaticString = "") -> PieceScanner {
    let more = extra.withUTF8Buffer { ASCIISet($0) }
    return { piece, index in
        var end = index
        var left = limit
        while end < piece.count, left > 0 {
            let (found, length) = piece.characterClass(at: end)
            guard found.meets(classes) || more.contains(piece[end]) else { break }
            end += length
            left -= 1
        }
        return end
    }
}

/// `\s?[class]+`
func scanSpaced(_ classes: CharacterClass) -> PieceScanner {
    { piece, index in
        let (first, length) = piece.characterClass(at: index)
        let start = first.meets(.whiteSpace) ? index + length : index
        let end = piece.run(of: classes, from: start)
        return end > start ? end : index
    }
}

/// `\s?[ranges]+` or `[ranges]+`: runs of scalars listed by ranges.
func scanRanges(_ ranges: [ClosedRange<UInt32>], spaced: Bool = false) -> PieceScanner {
    scanScalars(spaced: spaced) { scalar in ranges.contains { $0.contains(scalar) } }
}

func scanScalars(spaced: Bool = false, _ belongs: @escaping @Sendable (UInt32) -> Bool) -> PieceScanner {
    { piece, index in
        let (first, length) = piece.characterClass(at: index)
        let start =
            spaced && first.meets(.whiteSpace) && !belongs(piece.scalar(at: index).value) ? index + length : index
        var end = start
        while end < piece.count {
            let (value, length) = piece.scalar(at: end)
            guard belongs(value) else { break }
            end += length
        }
        return end > start ? end : index
    }
}

/// The first of several scanners that matches.
func scanFirst(of scanners: [PieceScanner]) -> PieceScanner {
    { piece, index in
        for scanner in scanners {
            let end = scanner(piece, index)
            if end > index { return end }
        }
        return index
    }
}

/// `[0-9][0-9][0-9]`
@Sendable func scanThreeDigits(_ piece: Span<UInt8>, _ index: Int) -> Int {
    guard index + 3 <= piece.count else { return index }
    for offset in 0..<3 where !(0x30...0x39).contains(piece[index + offset]) { return index }
    return index + 3
}

/// Digit groups of three counted from the right: `(?=(\d{3})+(?!\d))` on runs of digits.
@Sendable func scanDigitGroups(_ piece: Span<UInt8>, _ index: Int) -> Int {
    // Behind a digit the groups are already aligned: counting again would make long runs quadratic.
    if piece.isPreceded(by: .number, at: index) { return piece.run(of: .number, from: index, limit: 3) }
    var count = 0
    var position = index
    while true {
        let (found, length) = piece.characterClass(at: position)
        guard found.meets(.number) else { break }
        position += length
        count += 1
    }
    return count == 0 ? index : piece.run(of: .number, from: index, limit: (count - 1) % 3 + 1)
}

/// `\d{1,3}(?=(?:\d{3})*\b)`: digit groups from the right where no letter, mark or `_` follows the number.
@Sendable func scanBoundedDigitGroups(_ piece: Span<UInt8>, _ index: Int) -> Int {
    if !piece.isPreceded(by: .number, at: index) {
        let end = piece.run(of: .number, from: index)
        if end < piece.count, piece[end] == 0x5F || piece.characterClass(at: end).class.meets([.letter, .mark]) {
            return end > index ? noMatch(before: end) : index
        }
    }
    return scanDigitGroups(piece, index)
}

/// `[\r\n]`
@Sendable func scanLineEnd(_ piece: Span<UInt8>, _ index: Int) -> Int {
    piece[index] == 0x0A || piece[index] == 0x0D ? index + 1 : index
}

/// `[^\n]+|[\n]+`
@Sendable func scanLines(_ piece: Span<UInt8>, _ index: Int) -> Int {
    let isNewline = piece[index] == 0x0A
    var end = index
    while end < piece.count, (piece[end] == 0x0A) == isNewline { end += 1 }
    return end
}

/// `\s+$`
@Sendable func scanTrailingWhiteSpace(_ piece: Span<UInt8>, _ index: Int) -> Int {
    let end = piece.run(of: .whiteSpace, from: index)
    return end == piece.count || end == index ? end : noMatch(before: end)
}

/// `[\t\n]|    |  `
@Sendable func scanIndentation(_ piece: Span<UInt8>, _ index: Int) -> Int {
    if piece[index] == 0x09 || piece[index] == 0x0A { return index + 1 }
    var spaces = 0
    while spaces < 4, index + spaces < piece.count, piece[index + spaces] == 0x20 { spaces += 1 }
    return spaces == 4 ? index + 4 : spaces >= 2 ? index + 2 : index
}

/// ` ?[^(\s|.,!?…。，、।۔،)]+`
@Sendable func scanBloom(_ piece: Span<UInt8>, _ index: Int) -> Int {
    let start = piece[index] == 0x20 ? index + 1 : index
    var end = start
    while end < piece.count {
        let (value, length) = piece.scalar(at: end)
        if CharacterClass(of: value).meets(.whiteSpace) || bloomSeparators.contains(value) { break }
        end += length
    }
    return end > start ? end : index
}

private let bloomSeparators = Set("(|.,!?…。，、।۔،)".unicodeScalars.map(\.value))

/// A set of ASCII bytes as two words of bits.
private struct ASCIISet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        for byte in bytes {
            if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte & 63) }
        }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : high
        return byte < 128 && word >> UInt64(byte & 63) & 1 == 1
    }
}
