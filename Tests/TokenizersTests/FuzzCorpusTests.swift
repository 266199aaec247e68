// The tokenizer fuzzer's seeds are what they should be: a vocabulary of each kind with which text can be encoded.
import Foundation
import GGUF
import Testing
import Tokenizers

@Suite struct FuzzCorpusTests {
    @Test(arguments: [("spm", "llama"), ("bpe", "gpt2"), ("unigram", "t5"), ("wordpiece", "bert")])
    func seedsAreTokenizers(name: String, model: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let bytes = Array(try Data(contentsOf: folder.appendingPathComponent("Fuzz/corpus/tokenizer/\(name)")))
        let tokenizer = try Tokenizer(GGUFFile(bytes: bytes, name: name), force: true)
        #expect(tokenizer.model == model)
        let ids = tokenizer.encode("ab b", addSpecial: false, parseSpecial: false)
        #expect(!ids.isEmpty && ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
    }
}
