// `coolfusion logits`: the reference logits of every fixture come out, in one batch and one by one; bad input is named.
import Foundation
import Testing

@Suite struct LogitsTests {
    struct Golden: Decodable {
        struct Tolerance: Decodable { var max_abs_diff_over_std: Float }
        struct Case: Decodable {
            var tokens: [Int32]
            var n_ctx: Int
            var logits: String
            var shape: [Int]
            var logits_std: Float
        }
        var tolerance: Tolerance
        var cases: [Case]
    }

    private func floats(_ url: URL) throws -> [Float] {
        try Data(contentsOf: url).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map { bytes.loadUnaligned(fromByteOffset: $0, as: Float.self) }
        }
    }

    @Test(
        arguments: [
            "tiny-llama", "tiny-llama-Q8_0", "tiny-llama-Q4_K_M", "tiny-qwen2", "tiny-qwen2-Q8_0", "tiny-qwen3",
            "tiny-gpt2",
        ], [[], ["--sequential"]])
    func theReferenceComesOut(name: String, mode: [String]) throws {
        let folder = Executable.root.appendingPathComponent("Tests/Fixtures/logits/\(name)")
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appendingPathComponent("cases.json")))
        for entry in golden.cases {
            let file = try TemporaryFile(Data(), name: "logits.f32")
            let ids = entry.tokens.map { String($0) }.joined(separator: ",")
            let outcome = try Executable.run(
                [
                    "logits", "-m", Executable.fixture(name), "--tokens", ids, "--last", "\(entry.shape[0])", "-o",
                    file.path,
                    "-c", "\(entry.n_ctx)",
                ] + mode)
            #expect(
                outcome.text == "{\"positions\":\(entry.shape[0]),\"vocabulary\":\(entry.shape[1])}\n",
                "\(outcome.error)")
            let found = try floats(URL(fileURLWithPath: file.path))
            let expected = try floats(folder.appendingPathComponent(entry.logits))
            try #require(found.count == expected.count)
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= golden.tolerance.max_abs_diff_over_std * entry.logits_std)
        }
    }

    private func refusal(_ arguments: [String], code: Int32, saying words: [String]) throws {
        let outcome = try Executable.run(
            ["logits", "-m", Executable.fixture("tiny-gpt2"), "-o", "/dev/null"] + arguments)
        expectOneSentence(outcome, code: code, saying: words)
    }

    @Test func tokensAndContextAreChecked() throws {
        try refusal(["--tokens", "1,307"], code: 64, saying: ["307"])
        try refusal(["--tokens", "1,x"], code: 64, saying: ["'x'"])
        try refusal(["--tokens", ""], code: 64, saying: ["no token ids"])
        try refusal(["--tokens", "1,2,3", "-c", "2"], code: 1, saying: ["context is full"])
        try refusal(["--tokens", "1", "-c", "100000"], code: 64, saying: ["100000", "256"])
        try refusal(["--tokens", "1", "--device", "vulkan:99"], code: 69, saying: ["Vulkan"])
        try refusal(["--tokens", "1", "--isa", "z80"], code: 69, saying: ["z80"])
    }

    @Test func anOutputThatCannotBeWrittenIs74() throws {
        let outcome = try Executable.run(
            ["logits", "-m", Executable.fixture("tiny-gpt2"), "--tokens", "1", "-o", "/no/such/folder/x.f32"])
        expectOneSentence(outcome, code: 74, saying: ["/no/such/folder/x.f32"])
    }
}
