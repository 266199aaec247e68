// From a GGUF file's bytes to a tokenizer: keys found, missing, misspelled, of the wrong type.
import GGUF
import Testing

@testable import Tokenizers

/// A GGUF file of metadata alone (version 3), written byte by byte.
private struct MetadataFile {
    private var pairs: [[UInt8]] = []

    private static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func string(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

    mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
        pairs.append(Self.string(key) + Self.little(type) + value)
    }

    mutating func add(_ key: String, _ value: String) { add(key, type: 8, Self.string(value)) }

    mutating func add(_ key: String, id value: UInt32) { add(key, type: 4, Self.little(value)) }

    mutating func add(_ key: String, strings: [String]) {
        add(key, type: 9, Self.little(UInt32(8)) + Self.little(UInt64(strings.count)) + strings.flatMap(Self.string))
    }

    mutating func add(_ key: String, integers: [Int32]) {
        add(key, type: 9, Self.little(UInt32(5)) + Self.little(UInt64(integers.count)) + integers.flatMap(Self.little))
    }

    mutating func add(_ key: String, floats: [Float]) {
        let bits = floats.flatMap { Self.little($0.bitPattern) }
        add(key, type: 9, Self.little(UInt32(6)) + Self.little(UInt64(floats.count)) + bits)
    }

    func tokenizer() throws -> Tokenizer {
        let head =
            Array("GGUF".utf8) + Self.little(UInt32(3)) + Self.little(UInt64(0)) + Self.little(UInt64(pairs.count))
        return try Tokenizer(GGUFFile(bytes: head + pairs.flatMap { $0 }, name: "made here"))
    }
}

struct MetadataTests {
    private func sentencePiece() -> MetadataFile {
        var file = MetadataFile()
        file.add("tokenizer.ggml.model", "llama")
        file.add("tokenizer.ggml.tokens", strings: ["<unk>", "<s>", "</s>", "▁", "a", "▁a"])
        file.add("tokenizer.ggml.scores", floats: [0, 0, 0, -3, -2, -1])
        file.add("tokenizer.ggml.token_type", integers: [2, 3, 3, 1, 1, 1])
        return file
    }

    @Test func readsAFile() throws {
        var file = sentencePiece()
        file.add("tokenizer.ggml.add_space_prefix", type: 7, [0])
        file.add("tokenizer.ggml.add_eos_token", type: 7, [1])
        let tokenizer = try file.tokenizer()
        #expect(tokenizer.encode("a a", addSpecial: true, parseSpecial: false) == [1, 4, 5, 2])
        #expect(tokenizer.vocabularySize == 6 && tokenizer.model == "llama" && tokenizer.hasTrustedPreTokenizer)
    }

    @Test func theMisspelledSeparatorCounts() throws {
        var file = MetadataFile()
        file.add("tokenizer.ggml.model", "bert")
        file.add("tokenizer.ggml.tokens", strings: ["[UNK]", "[CLS]", "[SEP]", "▁a"])
        file.add("tokenizer.ggml.cls_token_id", id: 1)
        file.add("tokenizer.ggml.seperator_token_id", id: 2)
        file.add("tokenizer.ggml.unknown_token_id", id: 0)
        #expect(try file.tokenizer().encode("A", addSpecial: true, parseSpecial: false) == [1, 3, 2])
    }

    @Test func missingKeysAreNamed() {
        #expect(throws: TokenizerError.missingKey("tokenizer.ggml.model")) { try MetadataFile().tokenizer() }
        var file = MetadataFile()
        file.add("tokenizer.ggml.model", "gpt2")
        #expect(throws: TokenizerError.missingKey("tokenizer.ggml.tokens")) { try file.tokenizer() }
    }

    @Test func wrongTypesAndIDsAreErrors() {
        var file = MetadataFile()
        file.add("tokenizer.ggml.model", "llama")
        file.add("tokenizer.ggml.tokens", integers: [1, 2])
        #expect(throws: TokenizerError.self) { try file.tokenizer() }
        file = sentencePiece()
        file.add("tokenizer.ggml.eos_token_id", id: .max)
        let found = TokenizerError.idOutOfRange(
            key: "tokenizer.ggml.eos_token_id", found: Int(UInt32.max), vocabulary: 6)
        #expect(throws: found) { try file.tokenizer() }
        file = sentencePiece()
        file.add("tokenizer.ggml.precompiled_charsmap", strings: ["x"])
        #expect(throws: Never.self) { try file.tokenizer() }
    }
}
