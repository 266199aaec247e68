// GGUF files that are whole but no model this engine can run: the sentence names file and key or tensor, code 65.
import Foundation
import Testing

@Suite struct BadModelTests {
    /// A change of a good model and the words the refusal must contain.
    struct Damage: CustomTestStringConvertible, Sendable {
        var what: String
        var change: @Sendable (inout Data) throws -> Void
        var words: [String]
        var testDescription: String { what }
    }

    static let damages = [
        Damage(
            what: "architecture", change: { try replace("qwen2", "qwen?", after: "general.architecture", in: &$0) },
            words: ["qwen?"]),
        Damage(
            what: "missing key", change: { try replace("qwen2.block_count", "qwen2.block_c0unt", in: &$0) },
            words: ["qwen2.block_count"]),
        Damage(
            what: "missing tensor", change: { try replace("blk.1.ffn_up.weight", "blk.1.ffn_xx.weight", in: &$0) },
            words: ["blk.1.ffn_up.weight"]),
        // u32 dimension count, then the first of two u64: 32 inputs become 16, which is no whole Q8_0 block.
        Damage(
            what: "partial block", change: { try poke(16, behind: "blk.0.attn_q.weight", offset: 4, in: &$0) },
            words: ["blk.0.attn_q.weight", "32"]),
        Damage(
            what: "wrong shape", change: { try poke(16, behind: "blk.0.attn_q.weight", offset: 12, in: &$0) },
            words: ["blk.0.attn_q.weight", "[32, 32]", "[16, 32]"]),
        Damage(
            what: "embedding without rows for all tokens",
            change: { try poke(92, behind: "token_embd.weight", offset: 12, in: &$0) }, words: ["349", "348"]),
        Damage(
            what: "wrong type of key",
            change: { try poke(6, behind: "qwen2.attention.head_count", offset: 0, in: &$0) },
            words: ["qwen2.attention.head_count"]),
    ]

    struct NotFound: Error {}

    private static func replace(_ old: String, _ new: String, after landmark: String = "", in data: inout Data) throws {
        let start = landmark.isEmpty ? data.startIndex : try position(behind: landmark, in: data)
        guard let range = data.range(of: Data(old.utf8), in: start..<data.endIndex) else { throw NotFound() }
        data.replaceSubrange(range, with: Data(new.utf8))
    }

    private static func poke(_ byte: UInt8, behind landmark: String, offset: Int, in data: inout Data) throws {
        data[try position(behind: landmark, in: data) + offset] = byte
    }

    private static func position(behind landmark: String, in data: Data) throws -> Int {
        guard let range = data.range(of: Data(landmark.utf8)) else { throw NotFound() }
        return range.upperBound
    }

    @Test(arguments: damages) func isRefused(damage: Damage) throws {
        var data = BadFileTests.whole
        try damage.change(&data)
        let file = try TemporaryFile(data)
        let outcome = try Executable.run(["logits", "-m", file.path, "--tokens", "1", "-o", "/dev/null"])
        expectOneSentence(outcome, code: 65, saying: damage.words + [file.path])
    }

    @Test func unknownPreTokenizerIsRefused() throws {
        var data = BadFileTests.whole
        try Self.replace("qwen2", "qwen?", after: "tokenizer.ggml.pre", in: &data)
        let file = try TemporaryFile(data)
        let outcome = try Executable.run(["tokenize", "-m", file.path, "-p", "a"])
        expectOneSentence(outcome, code: 65, saying: ["qwen?", file.path])
    }
}
