// Unigram against the best of all segmentations, tried one by one; the charsmap against a trie built by hand; damaged
// charsmaps. WordPiece on a vocabulary of a few words.
import Testing

@testable import Tokenizers

struct UnigramTests {
    private static let pieces: [(String, Float)] = [
        ("▁", -2.5), ("a", -2), ("b", -2.25), ("c", -3), ("ab", -3.5), ("bc", -3.75), ("abc", -6.5), ("▁a", -3.25),
        ("▁ab", -5), ("ca", -4.5), ("bb", -4.75), ("xyz", -5.25),
    ]

    private static func definition(charsmap: [UInt8] = [], merging: Bool = false) -> TokenizerDefinition {
        var definition = TokenizerDefinition()
        definition.model = "t5"
        let texts = ["<pad>", "</s>", "<unk>"] + pieces.map(\.0)
        definition.tokens = ByteStrings(texts)
        definition.kinds = [3, 3, 2] + pieces.map { _ in 1 }
        definition.scores = [0, 0, 0] + pieces.map(\.1)
        definition.charsmap = charsmap
        definition.removesExtraWhiteSpace = merging
        return definition
    }

    /// The best score of any segmentation of `text` into the pieces.
    private static func best(_ text: ArraySlice<Character>) -> Double {
        if text.isEmpty { return 0 }
        var best = -Double.infinity
        for length in 1...text.count {
            let piece = String(text.prefix(length))
            guard let found = pieces.first(where: { $0.0 == piece }) else { continue }
            best = max(best, Double(found.1) + Self.best(text.dropFirst(length)))
        }
        return best
    }

    @Test func findsTheBestOfAllSegmentations() throws {
        let tokenizer = try Tokenizer(Self.definition())
        var random = RandomText(state: 17)
        for _ in 0..<200 {
            let text = String((0..<random.next(below: 9)).map { _ in Array("abc ")[random.next(below: 4)] })
            let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: false)
            #expect(tokenizer.decode(ids) == Array(text.utf8))
            let score = ids.reduce(0.0) { $0 + Double(Self.pieces[Int($1) - 3].1) }
            #expect(score == Self.best(Array(text.map { $0 == " " ? "▁" : $0 })[...]), "\(text)")
        }
    }

    @Test func unknownCharactersAndSpecialTokens() throws {
        let tokenizer = try Tokenizer(Self.definition())
        let ids = tokenizer.encode("aéüa", addSpecial: true, parseSpecial: false)
        #expect(ids.map { tokenizer.piece($0) } == ["▁a", "<unk>", "a", "</s>"])
        #expect(tokenizer.encode([0xFF, 0xFE], addSpecial: false, parseSpecial: false).last == 2)
        #expect(tokenizer.bos == nil && tokenizer.eos == 1)
    }

    @Test func extraSpacesAreMergedOnRequest() throws {
        let tokenizer = try Tokenizer(Self.definition(merging: true))
        let ids = tokenizer.encode("  a   b ", addSpecial: false, parseSpecial: false)
        #expect(ids.map { tokenizer.piece($0) } == ["▁a", "▁", "b"])
    }

    /// A trie with "A" -> "a" and "AB" -> "xyz".
    private static let charsmap: [UInt8] = {
        var units = [UInt32](repeating: 0, count: 512)
        units[0x41] = 0x41 | 1 << 8 | 0x80 << 10  // A: children and leaf at 0x41 ^ 0x80
        units[0xC1] = 1 << 31
        units[0x83] = 0x42 | 1 << 8 | 0x100 << 10  // B: 0xC1 ^ 0x42; leaf at 0x83 ^ 0x100
        units[0x183] = 1 << 31 | 2
        let bytes = [UInt32(units.count * 4)] + units
        return bytes.flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> ($0 * 8)) } }
            + Array("a\0xyz\0".utf8)
    }()

    @Test func charsmapReplacesTheLongestMatch() throws {
        let map = try Charsmap(Self.charsmap)
        #expect(map.apply(Array("AbABA".utf8).span) == Array("abxyza".utf8))
        #expect(map.apply([0x41, 0xFF]) == Array("a\u{FFFD}".utf8))
        let tokenizer = try Tokenizer(Self.definition(charsmap: Self.charsmap))
        let ids = tokenizer.encode("AAB", addSpecial: false, parseSpecial: false)
        #expect(ids.map { tokenizer.piece($0) } == ["▁a", "xyz"])
    }

    @Test func damagedCharsmapsAreRefusedOrHarmless() throws {
        for size in 0..<8 {
            #expect(throws: TokenizerError.self) { try Charsmap(Array(Self.charsmap.prefix(size))) }
        }
        #expect(throws: TokenizerError.self) { try Charsmap(Self.charsmap.dropLast()) }
        var random = RandomText(state: 23)
        for _ in 0..<200 {
            var bytes = Self.charsmap
            for _ in 0..<8 { bytes[4 + random.next(below: bytes.count - 5)] = UInt8(random.next(below: 256)) }
            let map = try Charsmap(bytes)
            _ = map.apply(Array("AABBABAB".utf8).span)
        }
    }

    @Test func wordPieceCoversWordsFromTheLeft() throws {
        var definition = TokenizerDefinition()
        definition.model = "bert"
        let texts = [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁hello", "▁he", "llo", "▁,", "▁cafe", "s", "▁中", "▁o", "▁ss", "ß",
        ]
        definition.tokens = ByteStrings(texts)
        definition.kinds = [3, 2, 3, 3] + Array(repeating: 1, count: texts.count - 4)
        definition.ids = [.cls: 2, .separator: 3, .unknown: 1, .padding: 0]
        let tokenizer = try Tokenizer(definition)
        func pieces(_ text: String) -> [String] {
            tokenizer.encode(text, addSpecial: true, parseSpecial: false).map { tokenizer.piece($0) }
        }
        #expect(pieces("Hello, CAFÉS") == ["[CLS]", "▁hello", "▁,", "▁cafe", "s", "[SEP]"])
        #expect(pieces("he\u{AD}llo 中中") == ["[CLS]", "▁hello", "▁中", "▁中", "[SEP]"])
        #expect(pieces("hex hello") == ["[CLS]", "[UNK]", "▁hello", "[SEP]"])
        #expect(pieces("ȫ \u{301} ") == ["[CLS]", "▁o", "[SEP]"])
        #expect(pieces("") == ["[CLS]", "[SEP]"])
        #expect(tokenizer.encode([0xFF], addSpecial: false, parseSpecial: false) == [])
    }
}

extension Charsmap {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws { try self.init(Array(bytes)) }

    fileprivate func apply(_ bytes: [UInt8]) -> [UInt8] { apply(bytes.span) }
}
