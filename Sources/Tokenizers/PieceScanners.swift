// Hand-written scanners for the patterns by which byte-level vocabularies split text before merging.
// A scanner answers one question: where does the match that starts at `index` end? (`index` itself: no match.)
// Each equals one alternative list of a pre-tokenizer's pattern, quoted beside it; the facts are those of the models'
// published tokenizer files, as gathered in llama.cpp's llama-vocab.cpp. There is no regex engine: linear, no backtracking.

/// One stage of a pre-tokenizer.
struct PieceScanner: Sendable {
    /// Only a piece with a scalar of one of these classes can be split; others need not be scanned.
    let needs: CharacterClass
    /// (piece, index) -> end of the match at `index`, or `index` where there is none, or `noMatch(before:)` where none
    /// starts before a later index either.
    let end: @Sendable (_ piece: Span<UInt8>, _ index: Int) -> Int

    init(needs: CharacterClass = .anything, _ end: @escaping @Sendable (Span<UInt8>, Int) -> Int) {
        self.needs = needs
        self.end = end
    }
}

/// What a scanner answers to skip ahead; without it, long runs that fail at their end would be read once per scalar.
@inline(__always)
func noMatch(before index: Int) -> Int { ~index }

private let newline: UInt8 = 0x0A
private let carriageReturn: UInt8 = 0x0D

extension Span<UInt8> {
    @inline(__always)
    fileprivate func isLineEnd(at index: Int) -> Bool {
        self[index] == newline || self[index] == carriageReturn
    }

    /// Whether the scalar that ends before `index` is of one of `classes`.
    func isPreceded(by classes: CharacterClass, at index: Int) -> Bool {
        var start = index
        while start > 0, index - start < 4 {
            start -= 1
            if self[start] & 0xC0 != 0x80 { break }
        }
        return start < index && characterClass(at: start).class.meets(classes)
    }

    /// `\s+(?!\S)|\s+`: a white run, without its last scalar where text follows (that one belongs to the word).
    @inline(__always)
    fileprivate func whiteSpaceRun(from index: Int) -> Int {
        var end = index
        var last = index
        while end < count {
            let (found, length) = characterClass(at: end)
            guard found.meets(.whiteSpace) else { return last > index ? last : end }
            last = end
            end += length
        }
        return end
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: a white run up to its last line end, if it has one.
    @inline(__always)
    fileprivate func lineEndsOrWhiteSpace(from index: Int) -> Int {
        let end = run(of: .whiteSpace, from: index)
        var position = end
        while position > index {
            position -= 1
            if isLineEnd(at: position) { return position + 1 }
        }
        return whiteSpaceRun(from: index)
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`: the end of the contraction at `index`, or `index`.
    @inline(__always)
    fileprivate func contraction(at index: Int, anyCase: Bool) -> Int {
        guard index + 1 < count, self[index] == 0x27 else { return index }
        let fold: UInt8 = anyCase ? 0x20 : 0
        let first = self[index + 1] | fold
        switch first {
        case 0x73, 0x74, 0x6D, 0x64: return index + 2  // s t m d
        case 0x72, 0x76, 0x6C:  // re ve ll
            guard index + 2 < count else { return index }
            return self[index + 2] | fold == (first == 0x6C ? 0x6C : 0x65) ? index + 3 : index
        default: return index
        }
    }
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
let scanGPT2 = PieceScanner { piece, index in
    let contracted = piece.contraction(at: index, anyCase: false)
    if contracted > index { return contracted }
    let start = piece[index] == 0x20 ? index + 1 : index
    let (found, length) = piece.characterClass(at: start)
    if length == 0 || found.meets(.whiteSpace) { return piece.whiteSpaceRun(from: index) }
    if found.meets(.letter) { return piece.run(of: .letter, from: start + length) }
    if found.meets(.number) { return piece.run(of: .number, from: start + length) }
    return piece.run(outside: [.letter, .number, .whiteSpace], from: start + length)
}

/// The family of patterns that began with Llama 3: what differs between its members.
struct WordPattern: Sendable {
    /// (?i:'s|'t|'re|'ve|'m|'ll|'d) as the first rule, behind a word, or nowhere.
    enum Contractions { case before, suffix, none }
    enum Tail { case lineEnds, lineEndsAndSlash, oneLineEndOrSlash, none }

    var contractions = Contractions.before
    var word: CharacterClass = .letter
    var splitsCase = false  // [Lu Lt Lm Lo M]*[Ll Lm Lo M]+ in place of \p{L}+
    var digits = 3  // \p{N}{1,digits}
    var tail = Tail.lineEnds  // what a run of symbols takes along
    var cascadesWhiteSpace = false  // \s{512}(?!\S)|...|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}
    var spacesInWords = false  // (?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+

    /// `(?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    var scanner: PieceScanner {
        let pattern = self
        return PieceScanner { piece, index in pattern.scan(piece, index) }
    }

    private func scan(_ piece: Span<UInt8>, _ index: Int) -> Int {
        if contractions == .before {
            let end = piece.contraction(at: index, anyCase: true)
            if end > index { return end }
        }
        let (first, length) = piece.characterClass(at: index)
        let word = wordEnd(piece, index, first: first, length: length)
        if word > index {
            return contractions == .suffix ? piece.contraction(at: word, anyCase: true) : word
        }
        if first.meets(.number) { return piece.run(of: .number, from: index + length, limit: digits - 1) }
        let symbols = symbolsEnd(piece, index)
        if symbols > index { return symbols }
        return cascadesWhiteSpace ? cascade(piece, index) : piece.lineEndsOrWhiteSpace(from: index)
    }

    @inline(__always)
    private func wordEnd(_ piece: Span<UInt8>, _ index: Int, first: CharacterClass, length: Int) -> Int {
        if splitsCase { return caseWordEnd(piece, index, first: first, length: length) }
        var start = index
        if !first.meets(word) {
            if first.meets(.number) || piece.isLineEnd(at: index) { return index }
            start = index + length
            guard piece.characterClass(at: start).class.meets(word) else { return index }
        }
        return spacesInWords ? spacedWordEnd(piece, start) : piece.run(of: word, from: start)
    }

    /// `(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`
    private func spacedWordEnd(_ piece: Span<UInt8>, _ start: Int) -> Int {
        var end = piece.run(of: [.letter, .mark], from: start)
        while end + 1 < piece.count, piece[end] == 0x20, piece.characterClass(at: end + 1).class.meets(.letter) {
            end = piece.run(of: [.letter, .mark], from: end + 1)
        }
        return end
    }

    /// `P?[U]*[L]+|P?[U]+[L]*`, U = Lu Lt Lm Lo M, L = Ll Lm Lo M: the first alternative gives back upper-case letters.
    private func caseWordEnd(_ piece: Span<UInt8>, _ index: Int, first: CharacterClass, length: Int) -> Int {
        let takesPrefix = !first.meets([.letter, .number]) && !piece.isLineEnd(at: index)
        for needsLower in [true, false] {
            if takesPrefix {
                let end = caseRun(piece, index + length, needsLower: needsLower)
                if end > index + length { return end }
            }
            let end = caseRun(piece, index, needsLower: needsLower)
            if end > index { return end }
        }
        return index
    }

    private func caseRun(_ piece: Span<UInt8>, _ start: Int, needsLower: Bool) -> Int {
        var end = start
        var caselessEnd = start
        while true {
            let (found, length) = piece.characterClass(at: end)
            guard found.meets([.upper, .mark]) else { break }
            end += length
            if found.meets([.lower, .mark]) { caselessEnd = end }
        }
        let lower = piece.run(of: [.lower, .mark], from: end)
        if lower > end { return lower }
        return needsLower ? caselessEnd : end
    }

    /// ` ?[^\s\p{L}\p{N}]+` and its tail.
    @inline(__always)
    private func symbolsEnd(_ piece: Span<UInt8>, _ index: Int) -> Int {
        let start = piece[index] == 0x20 ? index + 1 : index
        var excluded: CharacterClass = [.whiteSpace, .letter, .number]
        if word.meets(.mark) && !splitsCase { excluded.insert(.mark) }
        var end = piece.run(outside: excluded, from: start)
        guard end > start else { return index }
        switch tail {
        case .none: break
        case .lineEnds:
            while end < piece.count, piece.isLineEnd(at: end) { end += 1 }
        case .lineEndsAndSlash:
            while end < piece.count, piece.isLineEnd(at: end) || piece[end] == 0x2F { end += 1 }
        case .oneLineEndOrSlash:
            if end < piece.count, piece.isLineEnd(at: end) || piece[end] == 0x2F { end += 1 }
        }
        return end
    }

    /// The largest of 512, 256 ... 4, 2 white scalars that still leaves one before a following word; else one.
    private func cascade(_ piece: Span<UInt8>, _ index: Int) -> Int {
        // Behind white space that is no line end this run was already searched for line ends.
        if !piece.isPreceded(by: .whiteSpace, at: index) || piece.isLineEnd(at: index - 1) {
            let end = piece.lineEndsOrWhiteSpace(from: index)
            if end > index, piece.isLineEnd(at: end - 1) { return end }
        }
        for size in [512, 256, 128, 64, 32, 16, 8, 4, 2] {
            let end = piece.run(of: .whiteSpace, from: index, limit: size)
            let isWhole = piece.run(of: .whiteSpace, from: index, limit: size - 1) < end
            if isWhole, end == piece.count || piece.characterClass(at: end).class.meets(.whiteSpace) { return end }
        }
        return piece.run(of: .whiteSpace, from: index, limit: 1)
    }
}

/// `[!-/:-@\[-\x60{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
let scanDeepSeek3 = PieceScanner { piece, index in
    let (first, length) = piece.characterClass(at: index)
    let isASCIISymbol = piece[index] < 0x80 && first.meets([.punctuation, .symbol])
    if isASCIISymbol {
        var end = index + 1
        while end < piece.count, isASCIILetter(piece[end]) { end += 1 }
        if end > index + 1 { return end }
    }
    let word: CharacterClass = [.letter, .mark]
    if first.meets(word) { return piece.run(of: word, from: index) }
    if !first.meets([.punctuation, .symbol]), !piece.isLineEnd(at: index),
        piece.characterClass(at: index + length).class.meets(word)
    {
        return piece.run(of: word, from: index + length)
    }
    let start = piece[index] == 0x20 ? index + 1 : index
    var end = piece.run(of: [.punctuation, .symbol], from: start)
    if end > start {
        while end < piece.count, piece.isLineEnd(at: end) { end += 1 }
        return end
    }
    return first.meets(.whiteSpace) ? piece.lineEndsOrWhiteSpace(from: index) : index
}

@inline(__always)
private func isASCIILetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
