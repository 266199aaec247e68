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
        if end > index { return end }
        while end < piece.count {
            let (found, length) = piece.characterClass(at: end)
            if found.meets(classes) || more.contains(piece[end]) { break }
            end += length
        }
        return noMatch(before: end)
    }
}

/// `\s?[class]+`
func scanSpaced(_ classes: CharacterClass) -> PieceScanner {
    { piece, index in
        let (first, length) = piece.characterClass(at: index)
        let start = first.meets(.whiteSpace) ? index + length : index
        let end = piece.run(of: classes, from: start)
        if end > start { return end }
        return noMatch(before: piece.run(outside: classes.union(.whiteSpace), from: index + length))
    }
}

/// `\s?[ranges]+` or `[ranges]+`: runs of scalars listed by ranges.
func scanRanges(_ ranges: [ClosedRange<UInt32>], spaced: Bool = false) -> PieceScanner {
    let hasASCII = ranges.contains { $0.lowerBound < 0x80 }
    return scanScalars(spaced: spaced, hasASCII: hasASCII) { scalar in ranges.contains { $0.contains(scalar) } }
}

/// `\s?[...]+` or `[...]+` over the scalars that belong; `hasASCII` false: none below U+0080 does.
func scanScalars(
    spaced: Bool = false, hasASCII: Bool = true, _ belongs: @escaping @Sendable (UInt32) -> Bool
) -> PieceScanner {
    { piece, index in
        var start = index
        if spaced {
            let (first, length) = piece.characterClass(at: index)
            if first.meets(.whiteSpace), !belongs(piece.scalar(at: index).value) { start += length }
        }
        var end = start
        while end < piece.count {
            let (value, length) = piece.scalar(at: end)
            guard hasASCII || value >= 0x80, belongs(value) else { break }
            end += length
        }
        if end > start { return end }
        while end < piece.count {
            let (value, length) = piece.scalar(at: end)
            if value >= 0x80 || hasASCII, belongs(value) { break }
            if spaced, CharacterClass(of: value).meets(.whiteSpace) { break }
            end += length
        }
        return noMatch(before: end)
    }
}

/// The first of several scanners that matches.
func scanFirst(of scanners: [PieceScanner]) -> PieceScanner {
    { piece, index in
        var next = piece.count
        for scanner in scanners {
            let end = scanner(piece, index)
            if end > index { return end }
            next = min(next, end < 0 ? ~end : index + piece.scalar(at: index).length)
        }
        return noMatch(before: next)
    }
}

/// `[0-9][0-9][0-9]`
@Sendable func scanThreeDigits(_ piece: Span<UInt8>, _ index: Int) -> Int {
    var end = index
    while end < piece.count, end < index + 3, (0x30...0x39).contains(piece[end]) { end += 1 }
    if end == index + 3 { return end }
    while end < piece.count, !(0x30...0x39).contains(piece[end]) { end += 1 }
    return noMatch(before: end)
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
    guard count > 0 else { return noMatch(before: piece.run(outside: .number, from: index)) }
    return piece.run(of: .number, from: index, limit: (count - 1) % 3 + 1)
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
    var end = index
    while end < piece.count, piece[end] != 0x0A, piece[end] != 0x0D { end += 1 }
    return end == index ? index + 1 : noMatch(before: end)
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
    if end == piece.count { return end }
    return noMatch(before: piece.run(outside: .whiteSpace, from: end))
}

/// `[\t\n]|    |  `
@Sendable func scanIndentation(_ piece: Span<UInt8>, _ index: Int) -> Int {
    if piece[index] == 0x09 || piece[index] == 0x0A { return index + 1 }
    var spaces = 0
    while spaces < 4, index + spaces < piece.count, piece[index + spaces] == 0x20 { spaces += 1 }
    if spaces >= 2 { return spaces == 4 ? index + 4 : index + 2 }
    var end = index + 1
    while end < piece.count, piece[end] != 0x20, piece[end] != 0x09, piece[end] != 0x0A { end += 1 }
    return noMatch(before: end)
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
