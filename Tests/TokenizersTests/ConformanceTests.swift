// Every undisputed string of the conformance kit (llama.cpp and a second tokenizer agree) for every vocabulary, and
// llama.cpp's own .inp/.out sets.
import Foundation
import GGUF
import Testing

@testable import Tokenizers

@Suite(.enabled(if: SharedData.isPresent))
struct ConformanceTests {
    static let vocabularies: [(name: String, gguf: String)] = [
        ("babyllama-tok361", "../../models/babyllama-tok361.Q8_0.gguf"),
        ("babyllama-tok105", "../../models/babyllama-tok105.Q8_0.gguf"),
        ("stories-tok512", "../../models/stories260K.Q8_0.gguf"),
        ("llama-spm", "ggml-vocab-llama-spm.gguf"),
        ("phi-3", "ggml-vocab-phi-3.gguf"),
        ("baichuan", "ggml-vocab-baichuan.gguf"),
        ("mistral-v0.3", "mistral-v0.3.gguf"),
        ("smollm2", "smollm2.gguf"),
        ("gpt-2", "ggml-vocab-gpt-2.gguf"),
        ("llama-bpe", "llama-bpe.gguf"),
        ("mpt", "ggml-vocab-mpt.gguf"),
        ("gpt-neox", "ggml-vocab-gpt-neox.gguf"),
        ("starcoder", "ggml-vocab-starcoder.gguf"),
        ("refact", "ggml-vocab-refact.gguf"),
        ("falcon", "ggml-vocab-falcon.gguf"),
        ("deepseek-llm", "ggml-vocab-deepseek-llm.gguf"),
        ("deepseek-coder", "ggml-vocab-deepseek-coder.gguf"),
        ("bert-bge", "ggml-vocab-bert-bge.gguf"),
    ]

    @Test(arguments: vocabularies)
    func matchesTheKit(name: String, gguf: String) throws {
        let tokenizer = try SharedData.tokenizer(SharedData.path(gguf))
        let cases = try ConformanceCase.load("\(name).jsonl")
        #expect(cases.count > 60)
        for one in cases {
            let ids = tokenizer.encode(one.text, addSpecial: false, parseSpecial: false)
            #expect(ids == one.ids, "\(name) \(one.id) ids of \(one.text.debugDescription)")
            let special = tokenizer.encode(one.text, addSpecial: true, parseSpecial: true)
            #expect(special == one.ids_special, "\(name) \(one.id) ids_special of \(one.text.debugDescription)")
            // WordPiece throws away what its text looked like; llama.cpp guesses it back.
            guard tokenizer.model != "bert" else { continue }
            // llama.cpp tidies spaces before punctuation for some byte-level vocabularies; here decoding is exact.
            let text = tokenizer.decode(one.ids, special: true, dropsDummyPrefix: true)
            let isExact = tokenizer.model == "gpt2" && text == Array(one.text.utf8)
            #expect(isExact || hex(text) == one.detok_hex, "\(name) \(one.id) text of \(one.ids)")
            guard !isExact else { continue }
            let specialText = tokenizer.decode(one.ids_special, special: true, dropsDummyPrefix: true)
            #expect(hex(specialText) == one.detok_special_hex, "\(name) \(one.id) text of \(one.ids_special)")
        }
    }

    /// llama.cpp aborts on characters this vocabulary lacks; SentencePiece gives the unknown token, and so do we.
    @Test func unknownCharactersAreSentencePieces() throws {
        struct Disputed: Decodable {
            let text: String
            let second_oracle_ids: [TokenID]?
        }
        let tokenizer = try SharedData.tokenizer(SharedData.path("../../models/babyllama-tok105.Q8_0.gguf"))
        let lines = try String(contentsOfFile: SharedData.path("babyllama-tok105.disputed.jsonl"), encoding: .utf8)
        var compared = 0
        for line in lines.split(separator: "\n") {
            let one = try JSONDecoder().decode(Disputed.self, from: Data(line.utf8))
            guard let expected = one.second_oracle_ids else { continue }
            #expect(tokenizer.encode(one.text, addSpecial: false, parseSpecial: false) == expected, "\(one.text)")
            compared += 1
        }
        #expect(compared > 60)
    }

    static let sets = [
        "bert-bge", "deepseek-coder", "deepseek-llm", "falcon", "gpt-2", "llama-bpe", "llama-spm", "mpt", "phi-3",
        "refact", "starcoder",
    ]

    @Test(arguments: sets)
    func matchesLlamaCppsOwnSets(name: String) throws {
        let gguf = name == "llama-bpe" ? "llama-bpe.gguf" : "ggml-vocab-\(name).gguf"
        let tokenizer = try SharedData.tokenizer(SharedData.path(gguf))
        let input = try String(contentsOfFile: SharedData.path("ggml-vocab-\(name).gguf.inp"), encoding: .utf8)
        let output = try String(contentsOfFile: SharedData.path("ggml-vocab-\(name).gguf.out"), encoding: .utf8)
        let texts = input.components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = output.components(separatedBy: "\n")
        #expect(texts.count > 40)
        for (text, line) in zip(texts, lines) {
            let expected = line.split(separator: " ").compactMap { TokenID($0) }
            #expect(
                tokenizer.encode(text, addSpecial: false, parseSpecial: false) == expected, "\(text.debugDescription)")
        }
    }
}
