// Encoding and decoding with vocabularies written here: merges against the naive loop, special tokens, BOS and EOS,
// byte fallback, round trips over random Unicode and random bytes, streaming.
import Testing

@testable import Tokenizers

struct TokenizerTests {
    private func texts(_ tokenizer: Tokenizer, _ text: String, special: Bool = false) -> [String] {
        tokenizer.encode(text, addSpecial: special, parseSpecial: special).map { tokenizer.piece($0) }
    }

    @Test func sentencePieceMergesByScore() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.sentencePiece())
        #expect(texts(tokenizer, "abc") == ["▁abc"])
        #expect(texts(tokenizer, "abcd de") == ["▁abc", "d", "▁", "de"])
        #expect(texts(tokenizer, "  a") == ["▁▁", "▁a"])
        #expect(texts(tokenizer, "中文é") == ["▁", "中文", "<0xC3>", "<0xA9>"])
        #expect(texts(tokenizer, "") == [])
    }

    @Test func dummyPrefixCanBeLeftOut() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.sentencePiece())
        let plain = tokenizer.encode("abd", addSpecial: false, parseSpecial: false, dummyPrefix: false)
        #expect(plain.map { tokenizer.piece($0) } == ["ab", "d"])
        var definition = SmallVocabulary.sentencePiece()
        definition.addsSpacePrefix = false
        let without = try Tokenizer(definition)
        #expect(texts(without, "abd") == ["ab", "d"])
        #expect(without.encode("abc", addSpecial: false, parseSpecial: false, dummyPrefix: true).count == 1)
        let ids = tokenizer.encode("abc", addSpecial: false, parseSpecial: false)
        #expect(tokenizer.decode(ids) == Array(" abc".utf8))
        #expect(tokenizer.decode(ids, dropsDummyPrefix: true) == Array("abc".utf8))
    }

    @Test func controlTokensNeedPermission() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.sentencePiece())
        let control = try #require(tokenizer.vocabulary.find("<|user|>"))
        let tag = try #require(tokenizer.vocabulary.find("<tag>"))
        let text = "a<|user|><tag>a</s>"
        let plain = tokenizer.encode(text, addSpecial: true, parseSpecial: false)
        #expect(!plain.contains(control) && plain.contains(tag) && !plain.contains(2))
        #expect(plain.first == tokenizer.bos && tokenizer.bos == 1)
        #expect(texts(tokenizer, text, special: true) == ["<s>", "▁a", "<|user|>", "<tag>", "▁a", "</s>"])
        #expect(tokenizer.isControl(control) && !tokenizer.isControl(tag))
        #expect(tokenizer.bytes(of: control).isEmpty && tokenizer.bytes(of: tag) == Array("<tag>".utf8))
        #expect(tokenizer.decode([control], special: true) == Array("<|user|>".utf8))
        #expect(tokenizer.endOfGeneration == [2])
    }

    @Test func withoutByteTokensARunOfUnknownCharactersIsOneUnknown() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.sentencePiece(bytes: false))
        #expect(texts(tokenizer, "aéüb") == ["▁a", "<unk>", "b"])
        #expect(texts(tokenizer, "é é") == ["▁", "<unk>", "▁", "<unk>"])
        let malformed = tokenizer.encode([0x61, 0xFF, 0xFE, 0x62], addSpecial: false, parseSpecial: false)
        #expect(malformed.map { tokenizer.piece($0) } == ["▁a", "<unk>", "b"])
        #expect(tokenizer.decode(malformed) == Array(" ab".utf8))
    }

    @Test func byteLevelMergesByRank() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.byteLevel())
        #expect(texts(tokenizer, "abc abc") == ["abc", "Ġ", "abc"])
        #expect(texts(tokenizer, "é<think>a") == ["Ã©", "<think>", "a"])
        #expect(texts(tokenizer, "<|endoftext|>").count > 1)
        #expect(texts(tokenizer, "<|endoftext|>", special: true) == ["<|endoftext|>"])
        #expect(tokenizer.bytes(of: try #require(tokenizer.vocabulary.find("Ġab"))) == Array(" ab".utf8))
    }

    @Test func bytesWithoutATokenAreLeftOutBeforeMerging() throws {
        var definition = SmallVocabulary.byteLevel(["! !", "!! !!"])
        let tokens = (0..<definition.tokens.count).map { String(decoding: definition.tokens[$0], as: UTF8.self) }
        definition.tokens = ByteStrings(tokens.map { $0 == "Ć" ? "no byte" : $0 })  // 0x06
        let tokenizer = try Tokenizer(definition)
        #expect(texts(tokenizer, "!\u{6}!\u{6}!!") == ["!!!!"])
        #expect(texts(tokenizer, "\u{6}") == [])
    }

    @Test func wholePiecesComeFirstWhereMergesAreIgnored() throws {
        // "bca" is a token that no merge makes.
        var definition = SmallVocabulary.byteLevel(pre: "llama-bpe")
        definition.tokens.append(Array("bca".utf8))
        definition.kinds?.append(1)
        let tokenizer = try Tokenizer(definition)
        #expect(texts(tokenizer, "bca") == ["bca"])
        #expect(tokenizer.addsBOS)
        definition.preTokenizer = "qwen2"
        #expect(texts(try Tokenizer(definition), "bca") == ["bc", "a"])
    }

    @Test func gemmaMergesCharactersByRank() throws {
        var definition = SmallVocabulary.sentencePiece()
        definition.model = "gemma4"
        definition.merges = ByteStrings(["b c", "a b", "▁ a", "中 文", "▁ ▁"])
        let tokenizer = try Tokenizer(definition)
        #expect(texts(tokenizer, "abc a  中文é\n") == ["a", "bc", "▁a", "▁▁", "中文", "<0xC3>", "<0xA9>", "<0x0A>"])
        let text: [UInt8] = Array("a b".utf8) + [0xFF, 0x20]
        #expect(tokenizer.decode(tokenizer.encode(text, addSpecial: false, parseSpecial: false)) == text)
        #expect(tokenizer.pieceStarts(Array("a b".utf8)) == [0, 1])
    }

    @Test(arguments: [1, 5, 39, 40, 41, 42, 100, 700])
    func mergesEqualTheNaiveLoop(length: Int) throws {
        let byteLevel = try Tokenizer(SmallVocabulary.byteLevel())
        let sentencePiece = try Tokenizer(SmallVocabulary.sentencePiece())
        guard case .bytePair(let pairs) = byteLevel.encoder, case .sentencePiece(let pieces) = sentencePiece.encoder
        else {
            Issue.record("wrong encoders")
            return
        }
        var random = RandomText(state: UInt64(length))
        for _ in 0..<20 {
            let text = (0..<length).map { _ in Array("abcde".utf8)[random.next(below: 5)] }
            func symbols(_ vocabulary: Vocabulary) -> [Symbol] {
                text.indices.map {
                    Symbol(id: vocabulary.find([text[$0]]) ?? -1, start: Int32($0), end: Int32($0 + 1))
                }
            }
            let ranked = byteLevel.encode(text, addSpecial: false, parseSpecial: false)
            #expect(ranked == naiveMerge(symbols(byteLevel.vocabulary), pairs, in: text))
            let scored = sentencePiece.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: false)
            #expect(scored == naiveMerge(symbols(sentencePiece.vocabulary), pieces, in: text))
        }
    }

    /// Long texts use a cache of words: it must not show.
    @Test func longTextsEqualTheirWords() throws {
        for definition in [SmallVocabulary.byteLevel(), SmallVocabulary.sentencePiece()] {
            let tokenizer = try Tokenizer(definition)
            var random = RandomText(state: 99)
            var words: [String] = []
            while words.count < 2000 {
                words.append(
                    " " + String((0...random.next(below: 6)).map { _ in Array("abcdeé")[random.next(below: 6)] }))
            }
            let whole = tokenizer.encode(words.joined(), addSpecial: false, parseSpecial: false, dummyPrefix: false)
            let parts = words.flatMap {
                tokenizer.encode($0, addSpecial: false, parseSpecial: false, dummyPrefix: false)
            }
            #expect(whole == parts)
        }
    }

    @Test func decodingUndoesEncoding() throws {
        let tokenizers = try [
            Tokenizer(SmallVocabulary.byteLevel()), Tokenizer(SmallVocabulary.byteLevel(pre: "deepseek-v3")),
            Tokenizer(SmallVocabulary.sentencePiece()),
        ]
        var random = RandomText(state: 3)
        for round in 0..<300 {
            let text = Array(random.text(upTo: 30).utf8)
            let bytes = (0..<random.next(below: 50)).map { _ in UInt8(random.next(below: 256)) }
            for tokenizer in tokenizers {
                for one in [text, bytes] {
                    let ids = tokenizer.encode(
                        one, addSpecial: false, parseSpecial: false, dummyPrefix: round % 2 == 0 ? false : nil)
                    #expect(tokenizer.decode(ids, dropsDummyPrefix: round % 2 == 1) == one)
                }
            }
        }
    }

    @Test func streamingGivesWholeScalars() throws {
        let tokenizer = try Tokenizer(SmallVocabulary.byteLevel([]))
        var decoder = StreamingDecoder(tokenizer: tokenizer)
        let ids = tokenizer.encode("a中😀", addSpecial: false, parseSpecial: false)
        #expect(ids.map { decoder.append($0) } == ["a", "", "", "中", "", "", "", "😀"])
        #expect(decoder.finish() == "")
        var random = RandomText(state: 5)
        for _ in 0..<300 {
            let bytes = (0..<random.next(below: 12)).map { _ in
                [0x61, 0xC3, 0xA9, 0xE4, 0xB8, 0xAD, 0xF0, 0x9F, 0x98, 0x80, 0xED, 0xFF][random.next(below: 12)]
                    as UInt8
            }
            var text = ""
            for id in tokenizer.encode(bytes, addSpecial: false, parseSpecial: false) { text += decoder.append(id) }
            text += decoder.finish()
            #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }

    @Test func pieceStartsAreThePreTokenizers() throws {
        let text = Array("It's 1234  words, né".utf8)
        let gpt2 = try Tokenizer(SmallVocabulary.byteLevel())
        #expect(gpt2.pieceStarts(text) == [0, 2, 4, 9, 10, 16, 17])
        #expect(try Tokenizer(SmallVocabulary.sentencePiece()).pieceStarts(text) == gpt2.pieceStarts(text))
        let llama = try Tokenizer(SmallVocabulary.byteLevel(pre: "llama-bpe"))
        #expect(llama.pieceStarts(text) == [0, 2, 4, 5, 8, 9, 10, 16, 17])
        #expect(gpt2.pieceStarts([]) == [])
    }

    @Test func specialTokensMatchLeftmostLongest() throws {
        var definition = SmallVocabulary.sentencePiece()
        for text in ["<tag>>", "<t", "\n\n", "\n\n\n"] {
            definition.tokens.append(Array(text.utf8))
            definition.kinds?.append(4)
            definition.scores.append(-1000)
        }
        let tokenizer = try Tokenizer(definition)
        #expect(texts(tokenizer, "<tag>><tag><ta\n\n\n\n\n") == ["<tag>>", "<tag>", "<t", "▁a", "\n\n\n", "\n\n"])
    }
}
