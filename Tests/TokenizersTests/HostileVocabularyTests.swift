// Vocabularies no file should have: each is refused with its own error, and odd ids and texts are answered, not trapped.
import Testing

@testable import Tokenizers

struct HostileVocabularyTests {
    private func error(_ definition: TokenizerDefinition) -> TokenizerError? {
        do throws(TokenizerError) {
            _ = try Tokenizer(definition)
            return nil
        } catch {
            return error
        }
    }

    @Test func unknownNamesAreRefused() {
        var definition = SmallVocabulary.byteLevel(pre: "nonsense")
        #expect(error(definition) == .unknownPreTokenizer("nonsense", known: PreTokenizer.knownNames))
        definition.model = "rwkv"
        #expect(error(definition) == .unknownModel("rwkv", known: Tokenizer.knownModels))
    }

    @Test(arguments: [nil, "default"])
    func anUntrustedPreTokenizerNeedsForce(pre: String?) throws {
        let definition = SmallVocabulary.byteLevel(pre: pre)
        #expect(error(definition) == .untrustedPreTokenizer(pre))
        #expect(try !Tokenizer(definition, force: true).hasTrustedPreTokenizer)
    }

    @Test func emptyVocabulary() {
        var definition = SmallVocabulary.sentencePiece()
        definition.tokens = ByteStrings()
        definition.kinds = []
        definition.scores = []
        #expect(error(definition) == .emptyVocabulary)
    }

    @Test func wrongLengths() {
        var definition = SmallVocabulary.sentencePiece()
        let count = definition.tokens.count
        definition.scores.removeLast()
        #expect(error(definition) == .wrongLength(key: "tokenizer.ggml.scores", expected: count, found: count - 1))
        definition.scores = []
        #expect(error(definition) == .wrongLength(key: "tokenizer.ggml.scores", expected: count, found: 0))
        definition = SmallVocabulary.sentencePiece()
        definition.kinds?.append(1)
        #expect(error(definition) == .wrongLength(key: "tokenizer.ggml.token_type", expected: count, found: count + 1))
    }

    @Test(arguments: [0, 7, -1, 1 << 40])
    func wrongKinds(kind: Int) {
        var definition = SmallVocabulary.sentencePiece()
        definition.kinds?[5] = kind
        let expected = TokenizerError.wrongValue(
            key: "tokenizer.ggml.token_type", index: 5, found: "\(kind)", expected: "1 to 6")
        #expect(error(definition) == expected)
    }

    @Test func oddScores() throws {
        var definition = SmallVocabulary.sentencePiece()
        definition.scores[300 % definition.scores.count] = .nan
        #expect(error(definition) != nil)
        definition.scores = definition.scores.indices.map { [Float.infinity, -.infinity, 0, -0.0][$0 % 4] }
        let tokenizer = try Tokenizer(definition)
        let ids = tokenizer.encode("abc abc abc", addSpecial: false, parseSpecial: false)
        #expect(tokenizer.decode(ids, dropsDummyPrefix: true) == Array("abc abc abc".utf8))
    }

    @Test(arguments: TokenizerDefinition.Role.allCases, [-1, 100_000, Int.max])
    func idsOutOfRange(role: TokenizerDefinition.Role, id: Int) {
        var definition = SmallVocabulary.sentencePiece()
        definition.ids[role] = id
        #expect(error(definition) == .idOutOfRange(key: role.key, found: id, vocabulary: definition.tokens.count))
    }

    @Test func duplicatesAndGiants() {
        var definition = SmallVocabulary.byteLevel()
        let count = definition.tokens.count
        definition.tokens.append(Array("abc".utf8))
        definition.kinds?.append(1)
        #expect(error(definition) == .duplicateToken(text: "abc", first: 259, second: count))
        definition = SmallVocabulary.byteLevel()
        definition.tokens.append([UInt8](repeating: 0x61, count: 1 << 20))
        definition.kinds?.append(1)
        #expect(error(definition) == .tokenTooLong(id: count, bytes: 1 << 20, limit: Vocabulary.longestAccepted))
    }

    @Test(arguments: [
        ("x y", "xy"), ("abc zz", "zz"), ("zz abc", "zz"), ("abc", "a space between two tokens"),
        ("", "a space between two tokens"),
        (" abc", "a space between two tokens"),
    ])
    func mergesOfAbsentTokens(merge: String, missing: String) {
        var definition = SmallVocabulary.byteLevel()
        definition.merges.append(Array(merge.utf8))
        let index = SmallVocabulary.byteMerges.count
        #expect(error(definition) == .badMerge(index: index, text: merge, missing: missing))
    }

    @Test func oddIDsDecodeToNothing() throws {
        for definition in [SmallVocabulary.byteLevel(), SmallVocabulary.sentencePiece()] {
            let tokenizer = try Tokenizer(definition)
            for id in [-1, TokenID.min, TokenID.max, TokenID(tokenizer.vocabularySize)] {
                #expect(tokenizer.bytes(of: id).isEmpty && tokenizer.piece(id).isEmpty && !tokenizer.isControl(id))
            }
        }
    }

    @Test func malformedTokensAreKeptAsBytes() throws {
        var definition = SmallVocabulary.sentencePiece()
        for text: [UInt8] in [[0xFF], [0xE2, 0x96], [], []] {
            definition.tokens.append(text)
            definition.kinds?.append(1)
            definition.scores.append(-2000)
        }
        let tokenizer = try Tokenizer(definition)
        let text: [UInt8] = [0xFF, 0xE2, 0x96, 0x20, 0xE2]
        let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: false)
        #expect(tokenizer.decode(ids) == text)
    }

    /// One long word: with a quadratic merge this test would not end.
    @Test func aLongRunOfOneLetterMerges() throws {
        for definition in [SmallVocabulary.byteLevel(), SmallVocabulary.sentencePiece()] {
            let tokenizer = try Tokenizer(definition)
            let word = [UInt8](repeating: 0x65, count: 1 << 17)
            let ids = tokenizer.encode(word, addSpecial: false, parseSpecial: false, dummyPrefix: false)
            #expect(tokenizer.decode(ids) == word)
        }
    }

    @Test func everyErrorIsOneSentence() {
        let errors: [TokenizerError] = [
            .missingKey("k"), .unknownModel("m", known: ["a"]), .unknownPreTokenizer("p", known: ["a"]),
            .untrustedPreTokenizer(nil), .emptyVocabulary, .wrongLength(key: "k", expected: 1, found: 2),
            .wrongValue(key: "k", index: 1, found: "x", expected: "y"),
            .idOutOfRange(key: "k", found: 3, vocabulary: 2),
            .duplicateToken(text: "t", first: 1, second: 2), .tokenTooLong(id: 1, bytes: 2, limit: 3),
            .badMerge(index: 1, text: "a b", missing: "ab"), .badCharsmap("it is short"),
        ]
        for error in errors {
            #expect(
                !error.description.isEmpty && !error.description.contains("\n") && !error.description.hasSuffix("."))
        }
    }
}
