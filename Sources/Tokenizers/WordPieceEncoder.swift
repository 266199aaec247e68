// WordPiece ("bert"): text is folded (lower case, no accents, no control characters), cut into words at white space,
// punctuation and CJK characters, and each word is covered by the longest tokens from the left, or becomes the unknown
// token. GGUF writes word starts with U+2581 in place of BERT's "##" for the rest.
// Source: google-research/bert tokenization.py. Words have no length limit, as in llama.cpp.

final class WordPieceEncoder: Sendable {
    private let index: PrefixIndex
    private let unknown: TokenID?

    init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) {
        index = PrefixIndex(vocabulary) { id in
            switch vocabulary.kinds[Int(id)] {
            case .normal, .userDefined, .unused: true
            case .control, .unknown, .byte: false
            }
        }
        unknown = definition.unknown
    }

    func encode(_ text: Span<UInt8>, into ids: inout [TokenID]) {
        var word = SentencePieceEncoder.space
        func endWord() {
            if word.count > SentencePieceEncoder.space.count { encodeWord(word, into: &ids) }
            word.removeLast(word.count - SentencePieceEncoder.space.count)
        }
        var position = 0
        while position < text.count {
            let (value, length) = text.scalar(at: position)
            position += length
            let found = CharacterClass(of: value)
            if found == .whiteSpace {
                endWord()
                continue
            }
            if value == 0xFFFD { continue }  // also what malformed bytes read as
            for scalar in CharacterFolding.fold(value) {
                let isAlone = Self.isAlone(scalar)
                if isAlone { endWord() }
                appendUTF8(scalar, to: &word)
                if isAlone { endWord() }
            }
        }
        endWord()
    }

    private func encodeWord(_ word: [UInt8], into ids: inout [TokenID]) {
        let span = word.span
        let first = ids.count
        var position = 0
        while position < span.count {
            guard let (end, id) = index.longest(in: span, at: position) else {
                ids.removeLast(ids.count - first)
                if let unknown { ids.append(unknown) }
                return
            }
            ids.append(id)
            position = end
        }
    }

    /// Punctuation, ASCII symbols and CJK ideographs are words of their own.
    private static func isAlone(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0xF900...0xFAFF, 0x2F800...0x2FA1F:
            return true
        default:
            let found = CharacterClass(of: scalar)
            return found == .punctuation || (scalar < 0x80 && found == .symbol)
        }
    }
}

/// Lower case without accents and control characters.
private enum CharacterFolding {
    /// The scalars `scalar` becomes: itself, others, or none.
    static func fold(_ scalar: UInt32) -> [UInt32] {
        switch scalar {
        case 0x41...0x5A: [scalar + 32]
        case 0x20...0x7E: [scalar]
        case 0xAC00...0xD7A3: hangul(scalar - 0xAC00)
        case 0xE000...0xF8FF, 0xF0000...0xFFFFD, 0x100000...0x10FFFD: []  // private use
        default: entries[scalar] ?? [scalar]
        }
    }

    /// The jamo of a syllable: Unicode Standard, section 3.12.
    private static func hangul(_ index: UInt32) -> [UInt32] {
        let jamo = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
        return index % 28 == 0 ? jamo : jamo + [0x11A7 + index % 28]
    }

    /// Read from the generated text on first use, which only BERT's vocabularies make.
    private static let entries: [UInt32: [UInt32]] = {
        var entries: [UInt32: [UInt32]] = [:]
        var source: UInt32 = 0
        var results: [UInt32] = []
        var value: UInt32 = 0
        var hasDigits = false
        CharacterFoldingTable.entries.withUTF8Buffer { text in
            for byte in text {
                switch byte {
                case 0x3D: source = value  // =
                case 0x2B: results.append(value)  // +
                case 0x3B:  // ;
                    if hasDigits { results.append(value) }
                    entries[source] = results
                    results = []
                default:
                    value = value << 4 | UInt32(byte < 0x3A ? byte - 0x30 : byte - 0x57)
                    hasDigits = true
                    continue
                }
                value = 0
                hasDigits = false
            }
        }
        return entries
    }()
}
