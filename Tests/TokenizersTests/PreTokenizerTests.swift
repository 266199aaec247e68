// The hand-written scanners against the patterns themselves, run by ICU's regular expressions on random Unicode text.
// \s is written out, since ICU's lacks some of White_Space.
import Foundation
import Testing

@testable import Tokenizers

/// Random text over characters that patterns tell apart. xorshift64*: the same on every run.
struct RandomText {
    var state: UInt64

    static let alphabet: [String] = [
        "a", "b", "s", "t", "l", "e", "Z", "K", "R", "é", "É", "ß", "ǅ", "ʰ", "ª", "ı", "Ω", "ж", "Ж", "中", "文", "あ",
        "ア",
        "가", "ㄱ", "ㄅ", "ก", "ำ", "न", "ा", "ب", "א", "𐐀", "𐐨", "\u{301}", "\u{20E3}", "\u{200D}", "0", "1", "2", "7",
        "٣",
        "½", "Ⅷ", "²", "𝟘", "'", "'s", "'LL", "'re", "'V", "’", ".", ",", "!", "?", "…", "。", "、", "(", "|", "/", "\\",
        "_",
        "-", "$", "+", "<", "=", ">", "^", "~", "`", "#", "€", "→", "©", "😀", "❤", " ", " ", " ", "  ", "    ", "\n",
        "\n\n",
        "\r", "\r\n", "\t", "\u{B}", "\u{85}", "\u{A0}", "\u{2028}", "\u{3000}", "\u{0}", "\u{7F}", "\u{AD}",
        "\u{E000}",
        "\u{FFFD}", "\u{FEFF}",
    ]

    mutating func next(below limit: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    mutating func text(upTo length: Int) -> String {
        var text = ""
        for _ in 0...next(below: length) {
            let one = Self.alphabet[next(below: Self.alphabet.count)]
            // Runs matter as much as mixtures.
            text += String(repeating: one, count: next(below: 4) == 0 ? 1 + next(below: 5) : 1)
        }
        return text
    }
}

struct PreTokenizerTests {
    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let anyCase = #"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"#
    static let white = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    static let prefix = #"[^\r\n\p{L}\p{N}]?"#

    static func words(digits: String, tail: String = #"[^\s\p{L}\p{N}]+[\r\n]*"#, white: String = white) -> String {
        anyCase + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + "| ?" + tail + "|" + white
    }

    static func cased(suffix: String, digits: String, tail: String = "[\\r\\n/]*") -> String {
        prefix + upper + "*" + lower + "+" + suffix + "|" + prefix + upper + "+" + lower + "*" + suffix + "|" + digits
            + #"| ?[^\s\p{L}\p{N}]+"# + tail + "|" + white
    }

    static let deepSeek3 =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"##
        + white
    static let cascade = [512, 256, 128, 64, 32, 16, 8, 4].map { #"\s{\#($0)}(?!\S)"# }.joined(separator: "|")

    static let kinds: [(name: String, patterns: [String])] = [
        ("gpt-2", [gpt2]),
        ("llama-bpe", [words(digits: #"\p{N}{1,3}"#)]),
        ("chatglm-bpe", [words(digits: #"\p{N}{1,3}"#)]),
        ("qwen2", [words(digits: #"\p{N}"#)]),
        ("ufakzeka", [String(words(digits: #"\p{N}"#).dropFirst(anyCase.count + 1))]),
        (
            "qwen35",
            [
                anyCase + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + white
            ]
        ),
        ("seed-coder", [words(digits: #"\p{N}"#, tail: #"[^\s\p{L}\p{N}\r\n]+"#)]),
        ("bailingmoe", [words(digits: #"\p{N}"#, white: #"\s*[\r\n]|\s+(?!\S)|\s+"#)]),
        (
            "exaone-moe",
            [
                anyCase + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|"#
                    + #"\s*[\r\n]|\s+(?!\S)|\s+"#
            ]
        ),
        ("jais-2", [words(digits: #"\p{N}{1,3}"#, white: #"\s*[\r\n]+|"# + cascade + #"|\s{1,2}(?!\S)|\s{1}"#)]),
        ("laguna", [#"[^\n]+|[\n]+"#, words(digits: #"\p{N}"#)]),
        ("tekken", [cased(suffix: "", digits: #"\p{N}"#)]),
        ("gpt-4o", [cased(suffix: anyCase + "?", digits: #"\p{N}{1,3}"#)]),
        (
            "tiny_aya",
            [
                #"\p{N}{1,3}(?=(?:\p{N}{3})*(?![\p{N}\p{L}\p{M}_]))"#,
                cased(suffix: anyCase + "?", digits: #"\p{N}{1,3}"#),
            ]
        ),
        (
            "youtu",
            [
                "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
                cased(suffix: anyCase + "?", digits: #"\p{N}"#),
            ]
        ),
        ("kimi-k2", [#"\p{Han}+"#, cased(suffix: anyCase + "?", digits: #"\p{N}{1,3}"#, tail: #"[\r\n]*"#)]),
        ("deepseek-coder", [#"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-퟿]+", #"\p{N}"#]),
        ("deepseek-v3", [#"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+", deepSeek3]),
        (
            "afmoe",
            [
                #"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"#,
                "[一-鿿㐀-䶿\\uF900-\\uFAFF぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+", deepSeek3,
            ]
        ),
        ("starcoder", [#"\p{N}"#, gpt2]),
        ("falcon", [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"]),
        ("default", [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]),
        ("chameleon", [#"[\t\n]|    |  "#, #"\p{N}"#, #"[\p{P}!-/:-@\[-`{-~]"#, gpt2]),
        ("bloom", [#" ?[^(\s|.,!?…。，、।۔،)]+"#]),
        ("viking", [#" ?[^(\s|.,!?…。，、।۔،)]+"#, #"\p{N}"#]),
        ("superbpe", [#"\p{N}+"#, #"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))"#]),
        ("gemma4", [#"[^\n]+|[\n]+"#]),
    ]

    @Test(arguments: kinds)
    func equalsItsPattern(name: String, patterns: [String]) throws {
        let preTokenizer = try #require(PreTokenizer.named(name))
        let expressions = try patterns.map {
            try NSRegularExpression(pattern: Self.writtenOut($0))
        }
        var random = RandomText(state: 0x9E37_79B9 &+ UInt64(name.utf8.count))
        for _ in 0..<200 {
            let text = random.text(upTo: 24)
            #expect(pieces(preTokenizer, text) == Self.pieces(expressions, text), "\(name): \(text.debugDescription)")
        }
    }

    private func pieces(_ preTokenizer: PreTokenizer, _ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        preTokenizer.forEachPiece(bytes.span) { pieces.append(String(decoding: bytes[$0], as: UTF8.self)) }
        return pieces
    }

    /// `\s` inside and outside brackets as White_Space, which \p{...} reads the same in both places.
    private static func writtenOut(_ pattern: String) -> String {
        pattern.replacingOccurrences(of: #"\s"#, with: #"\p{White_Space}"#)
            .replacingOccurrences(of: #"\S"#, with: #"\P{White_Space}"#)
    }

    private static func pieces(_ expressions: [NSRegularExpression], _ text: String) -> [String] {
        var pieces = [text as NSString]
        for expression in expressions {
            pieces = pieces.flatMap { piece in
                var result: [NSString] = []
                var position = 0
                func take(upTo end: Int) {
                    if end > position {
                        result.append(
                            piece.substring(with: NSRange(location: position, length: end - position)) as NSString)
                    }
                    position = end
                }
                for match in expression.matches(in: piece as String, range: NSRange(location: 0, length: piece.length))
                {
                    take(upTo: match.range.location)
                    take(upTo: match.range.location + match.range.length)
                }
                take(upTo: piece.length)
                return result
            }
        }
        return pieces.map { $0 as String }
    }

    @Test func everyNameIsUnique() {
        let names = PreTokenizer.knownNames
        #expect(Set(names).count == names.count)
    }

    /// Pieces cover any bytes, malformed or not, in order and without holes.
    @Test(arguments: PreTokenizer.known.map { $0.names[0] })
    func coversAnyBytes(name: String) throws {
        let preTokenizer = try #require(PreTokenizer.named(name))
        var random = RandomText(state: 7)
        for _ in 0..<200 {
            let bytes = (0..<random.next(below: 40)).map { _ in UInt8(random.next(below: 256)) }
            var end = 0
            preTokenizer.forEachPiece(bytes.span) { range in
                #expect(range.lowerBound == end && !range.isEmpty)
                end = range.upperBound
            }
            #expect(end == bytes.count)
        }
    }

    /// Long runs that hardly match must not be read once per scalar: a quadratic scanner takes hours here.
    @Test(arguments: PreTokenizer.known.map { $0.names[0] })
    func isLinear(name: String) throws {
        let preTokenizer = try #require(PreTokenizer.named(name))
        for (unit, end) in [
            (" ", "x"), ("1", "x"), ("\n ", "x"), ("A", "1"), ("'", "a"), ("\u{301}", "1"), ("e x", ""), ("’x", ""),
            ("中 ", "a"), ("가.", "a"), ("é1", ""),
        ] {
            let bytes = Array((String(repeating: unit, count: 20_000) + end).utf8)
            var count = 0
            preTokenizer.forEachPiece(bytes.span) { count += $0.count }
            #expect(count == bytes.count)
        }
    }

    @Test func classesAreThoseOfUnicode() {
        #expect(CharacterClass(of: 0x41) == .upper)
        #expect(CharacterClass(of: 0x1C5) == .upper)
        #expect(CharacterClass(of: 0xE9) == .lower)
        #expect(CharacterClass(of: 0x4E2D) == .letter)
        #expect(CharacterClass(of: 0x2B0) == .letter)
        #expect(CharacterClass(of: 0xBD) == .number)
        #expect(CharacterClass(of: 0x5F) == .punctuation)
        #expect(CharacterClass(of: 0x24) == .symbol)
        #expect(CharacterClass(of: 0x301) == .mark)
        for scalar: UInt32 in [0x09, 0x20, 0x85, 0xA0, 0x2028, 0x3000] {
            #expect(CharacterClass(of: scalar) == .whiteSpace)
        }
        for scalar: UInt32 in [0x00, 0x1C, 0x200B, 0xE000, 0xD800, 0x10FFFF, 0x110000, .max] {
            #expect(CharacterClass(of: scalar) == [])
        }
        #expect(CharacterClass(of: 0x1E943) == .lower)
        #expect(CharacterClass(of: 0x2A6D6) == .letter)
    }

    @Test func malformedBytesAreOneScalarEach() {
        for bytes: [UInt8] in [
            [0xC0, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x96],
        ] {
            #expect(bytes.span.scalar(at: 0) == (0xFFFD, 1))
        }
        #expect(Array("€".utf8).span.scalar(at: 0) == (0x20AC, 3))
        #expect(Array("😀".utf8).span.scalar(at: 0) == (0x1F600, 4))
    }
}
