// Scanners for the small patterns that several pre-tokenizers apply one after another: runs of a class or of ranges,
// digit groups, lines. Sources as in PieceScanners.swift.

/// `[class]{1,limit}`, with further ASCII bytes (`\$`, `\+`, ...) counted in.
func scanRun(of classes: CharacterClass, limit: Int = .max, or extra: String = "") -> PieceScanner {
    let more = Set(extra.unicodeScalars.map(\.value))
    return scanScalars(limit: limit) { CharacterClass(of: $0).meets(classes) || more.contains($0) }
}

/// `\s?[class]+`
func scanSpaced(_ classes: CharacterClass) -> PieceScanner {
    scanScalars(spaced: true) { CharacterClass(of: $0).meets(classes) }
}

/// `\s?[ranges]+` or `[ranges]+`: runs of scalars listed by ranges.
func scanRanges(_ ranges: [ClosedRange<UInt32>], spaced: Bool = false) -> PieceScanner {
    scanScalars(spaced: spaced) { scalar in ranges.contains { $0.contains(scalar) } }
}

/// `\s?[...]{1,limit}` or `[...]{1,limit}` over the scalars that belong.
func scanScalars(
    spaced: Bool = false, limit: Int = .max, _ belongs: @escaping @Sendable (UInt32) -> Bool
) -> PieceScanner {
    let members = ScalarSet(belongs)
    return PieceScanner(needs: members.classes) { piece, index in
        var start = index
        if spaced, members.length(in: piece, at: index) == 0 {
            let (first, length) = piece.characterClass(at: index)
            if first.meets(.whiteSpace) { start += length }
        }
        var end = start
        var left = limit
        while end < piece.count, left > 0 {
            let length = members.length(in: piece, at: end)
            guard length > 0 else { break }
            end += length
            left -= 1
        }
        if end > start { return end }
        while end < piece.count, members.length(in: piece, at: end) == 0 {
            if spaced, piece.characterClass(at: end).class.meets(.whiteSpace) { break }
            end += piece.scalar(at: end).length
        }
        return noMatch(before: end)
    }
}

/// `[a]+|[b]+|...`: runs of the scalars of one list of ranges, none of them ASCII.
func scanRanges(anyOf lists: [[ClosedRange<UInt32>]]) -> PieceScanner {
    PieceScanner(needs: .beyondASCII) { piece, index in
        var end = index
        while end < piece.count {
            let (value, length) = piece.scalar(at: end)
            if value >= 0x80, let list = lists.first(where: { $0.contains { $0.contains(value) } }) {
                guard end == index else { return noMatch(before: end) }
                end += length
                while end < piece.count {
                    let (value, length) = piece.scalar(at: end)
                    guard value >= 0x80, list.contains(where: { $0.contains(value) }) else { break }
                    end += length
                }
                return end
            }
            end += length
        }
        return noMatch(before: end)
    }
}

/// `[0-9][0-9][0-9]`
let scanThreeDigits = PieceScanner(needs: .number) { piece, index in
    var end = index
    while end < piece.count, end < index + 3, (0x30...0x39).contains(piece[end]) { end += 1 }
    if end == index + 3 { return end }
    while end < piece.count, !(0x30...0x39).contains(piece[end]) { end += 1 }
    return noMatch(before: end)
}

/// Digit groups of three counted from the right: `(?=(\d{3})+(?!\d))` on runs of digits.
let scanDigitGroups = PieceScanner(needs: .number) { piece, index in
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
let scanBoundedDigitGroups = PieceScanner(needs: .number) { piece, index in
    if !piece.isPreceded(by: .number, at: index) {
        let end = piece.run(of: .number, from: index)
        if end < piece.count, piece[end] == 0x5F || piece.characterClass(at: end).class.meets([.letter, .mark]) {
            return end > index ? noMatch(before: end) : index
        }
    }
    return scanDigitGroups.end(piece, index)
}

/// `[\r\n]`
let scanLineEnd = PieceScanner(needs: .whiteSpace) { piece, index in
    var end = index
    while end < piece.count, piece[end] != 0x0A, piece[end] != 0x0D { end += 1 }
    return end == index ? index + 1 : noMatch(before: end)
}

/// `[^\n]+|[\n]+`
let scanLines = PieceScanner(needs: .whiteSpace) { piece, index in
    let isNewline = piece[index] == 0x0A
    var end = index
    while end < piece.count, (piece[end] == 0x0A) == isNewline { end += 1 }
    return end
}

/// `\s+$`
let scanTrailingWhiteSpace = PieceScanner(needs: .whiteSpace) { piece, index in
    let last = piece[piece.count - 1]
    if last < 0x80, !CharacterClass(ofASCII: last).meets(.whiteSpace) { return noMatch(before: piece.count) }
    let end = piece.run(of: .whiteSpace, from: index)
    if end == piece.count { return end }
    return noMatch(before: piece.run(outside: .whiteSpace, from: end))
}

/// `[\t\n]|    |  `
let scanIndentation = PieceScanner(needs: .whiteSpace) { piece, index in
    if piece[index] == 0x09 || piece[index] == 0x0A { return index + 1 }
    var spaces = 0
    while spaces < 4, index + spaces < piece.count, piece[index + spaces] == 0x20 { spaces += 1 }
    if spaces >= 2 { return spaces == 4 ? index + 4 : index + 2 }
    var end = index + 1
    while end < piece.count, piece[end] != 0x20, piece[end] != 0x09, piece[end] != 0x0A { end += 1 }
    return noMatch(before: end)
}

/// ` ?[^(\s|.,!?…。，、।۔،)]+`
let scanBloom: PieceScanner = {
    let separators = Set("(|.,!?…。，、।۔،)".unicodeScalars.map(\.value))
    let members = ScalarSet { !CharacterClass(of: $0).meets(.whiteSpace) && !separators.contains($0) }
    return PieceScanner { piece, index in
        let start = piece[index] == 0x20 ? index + 1 : index
        var end = start
        while end < piece.count {
            let length = members.length(in: piece, at: end)
            guard length > 0 else { break }
            end += length
        }
        return end > start ? end : index
    }
}()

/// A set of scalars: two words of bits for ASCII, a predicate beyond.
private struct ScalarSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private let belongs: @Sendable (UInt32) -> Bool

    init(_ belongs: @escaping @Sendable (UInt32) -> Bool) {
        self.belongs = belongs
        for byte: UInt32 in 0..<128 where belongs(byte) {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
        }
    }

    /// Every text with a member has one of these classes in it.
    var classes: CharacterClass {
        var classes = CharacterClass.beyondASCII
        for byte: UInt8 in 0..<128 where contains(byte) {
            let found = CharacterClass(ofASCII: byte)
            classes.formUnion(found == [] ? .anything : found)
        }
        return classes
    }

    @inline(__always)
    private func contains(_ ascii: UInt8) -> Bool {
        (ascii < 64 ? low : high) >> UInt64(ascii & 63) & 1 == 1
    }

    /// The length of the scalar at `index` if it is a member, else 0.
    @inline(__always)
    func length(in piece: Span<UInt8>, at index: Int) -> Int {
        let byte = piece[index]
        if byte < 0x80 { return contains(byte) ? 1 : 0 }
        let (value, length) = piece.scalar(at: index)
        return belongs(value) ? length : 0
    }
}
