// `coolfusion run`, `score` and `perplexity` against the recorded outputs of the fixtures, and of the shared models
// where they are.
import Foundation
import Testing

@Suite struct RunTests {
    struct Golden: Decodable {
        struct Greedy: Decodable {
            var prompt: String
            var ids: [Int]
            var logprobs: [Double]
            var text: String
        }
        struct Scored: Decodable {
            var text: String
            var ids: [Int]
            var token_logprobs: [Double]
            var total: Double
        }
        var greedy: Greedy
        var score: Scored

        static func of(_ name: String) throws -> Golden {
            let path = Executable.root.appendingPathComponent("Tests/Fixtures/logits/\(name)/cases.json")
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
        }
    }

    /// The size of a batch decides how a prompt is evaluated, not what comes of it.
    @Test(arguments: ["1", "3", "512"]) func batchSizeChangesNothing(size: String) throws {
        let golden = try Golden.of("tiny-llama").greedy
        let arguments = ["run", "-m", Executable.fixture("tiny-llama"), "-p", golden.prompt, "-n", "8", "--temp", "0"]
        #expect(try Executable.run(arguments + ["-b", size]).text == Executable.run(arguments).text)
        #expect(try Executable.run(arguments + ["-b", "0"]).code == 64)
    }

    static let exact = ["tiny-llama", "tiny-qwen2", "tiny-qwen3", "tiny-gpt2"]

    @Test(arguments: exact) func greedyIsTheRecordedText(name: String) throws {
        let golden = try Golden.of(name).greedy
        let arguments = [
            "run", "-m", Executable.fixture(name), "-p", golden.prompt, "-n", "\(golden.ids.count)", "--temp", "0",
            "--raw",
        ]
        let plain = try Executable.run(arguments)
        #expect(plain.text == golden.text)
        #expect(plain.error.isEmpty)
        let report = try Executable.run(arguments + ["--json"]).json()
        #expect(report["tokens"] as? [Int] == golden.ids)
        #expect(report["text"] as? String == golden.text)
        #expect(report["stop"] as? String == "length")
        let logprobs = try #require(report["logprobs"] as? [Double])
        #expect(zip(logprobs, golden.logprobs).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test(arguments: exact) func scoreIsTheRecordedTotal(name: String) throws {
        let golden = try Golden.of(name).score
        let report = try Executable.run(
            ["score", "-m", "x=\(Executable.fixture(name))", "-p", "", "--candidate", golden.text, "--raw", "--json"]
        ).json()
        let candidate = try #require((report["candidates"] as? [[String: Any]])?.first)
        let scores = try #require((candidate["models"] as? [String: [String: Any]])?["x"])
        let ids = try #require(scores["token_ids"] as? [Int])
        let logprobs = try #require(scores["logprobs"] as? [Double])
        // Without BOS the reference leaves the first token unscored; here the model's own start token precedes it.
        #expect(ids == golden.ids.suffix(ids.count))
        let compared = logprobs.suffix(golden.token_logprobs.count)
        if name == "tiny-llama" {
            #expect(zip(compared, golden.token_logprobs).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(abs((scores["nll"] as? Double ?? 0) + golden.total) < 1e-3)
            #expect(scores["bytes"] as? Int == golden.text.utf8.count)
        }
    }

    @Test func aCandidateContinuesTheContext() throws {
        let model = Executable.fixture("tiny-llama")
        let context = "The old man"
        let report = try Executable.run(
            ["score", "-m", "x=\(model)", "-p", context, "--candidate", " said", "--candidate", " said that", "--json"]
        ).json()
        let candidates = try #require(report["candidates"] as? [[String: Any]])
        let scores = candidates.compactMap { ($0["models"] as? [String: [String: Any]])?["x"] }
        try #require(scores.count == 2)
        let (short, long) = (scores[0]["logprobs"] as? [Double] ?? [], scores[1]["logprobs"] as? [Double] ?? [])
        #expect(!short.isEmpty && short.count < long.count)
        #expect(zip(short, long).allSatisfy { $0 == $1 })
    }

    @Test func theSameSeedWritesTheSameText() throws {
        let arguments = [
            "run", "-m", Executable.fixture("tiny-qwen2"), "-p", "In the garden", "-n", "20", "--temp", "1", "--seed",
        ]
        let first = try Executable.run(arguments + ["7"]).text
        #expect(try Executable.run(arguments + ["7"]).text == first)
        #expect(try Executable.run(arguments + ["8"]).text != first)
    }

    @Test func aStopStringEndsTheTextBeforeIt() throws {
        let golden = try Golden.of("tiny-llama").greedy
        let outcome = try Executable.run(
            [
                "run", "-m", Executable.fixture("tiny-llama"), "-p", golden.prompt, "-n", "24", "--temp", "0", "--stop",
                " boats",
            ])
        let expected = golden.text.range(of: " boats").map { String(golden.text[..<$0.lowerBound]) }
        #expect(outcome.text == expected)
    }

    @Test func aChatTemplateIsUsedUnlessRaw() throws {
        let arguments = [
            "run", "-m", Executable.fixture("tiny-qwen3"), "-p", "Hello", "-n", "4", "--temp", "0", "--json",
        ]
        let rendered = try #require(try Executable.run(arguments).json()["usage"] as? [String: Any])
        let raw = try #require(try Executable.run(arguments + ["--raw"]).json()["usage"] as? [String: Any])
        #expect((rendered["prompt"] as? Int ?? 0) > (raw["prompt"] as? Int ?? 0) + 5)
        let system = try #require(
            try Executable.run(arguments + ["--sys", "Be brief."]).json()["usage"] as? [String: Any])
        #expect((system["prompt"] as? Int ?? 0) > (rendered["prompt"] as? Int ?? 0))
    }

    @Test func perplexityScoresEveryTokenOnce() throws {
        let text = String(repeating: "The boats came into the harbour before the rain. ", count: 12)
        let file = try TemporaryFile(Data(text.utf8), name: "text.txt")
        let arguments = ["perplexity", "-m", Executable.fixture("tiny-llama"), "-f", file.path, "--json"]
        let one = try Executable.run(arguments + ["-c", "2000"]).json()
        let many = try Executable.run(arguments + ["-c", "64"]).json()
        #expect(one["windows"] as? Int == 1)
        #expect((many["windows"] as? Int ?? 0) > 3)
        #expect(one["tokens"] as? Int == many["tokens"] as? Int)
        #expect(one["bytes"] as? Int == text.utf8.count)
        let nll = try #require(one["nll"] as? Double)
        let bits = try #require(one["bits_per_byte"] as? Double)
        #expect(abs(bits - nll / log(2) / Double(text.utf8.count)) < 1e-9)
    }

    @Test func badPromptsAndLimitsAreRefused() throws {
        let model = Executable.fixture("tiny-gpt2")
        func check(_ arguments: [String], _ code: Int32) throws {
            let outcome = try Executable.run(arguments)
            #expect(outcome.code == code, "\(arguments) \(outcome.error)")
            #expect(outcome.output.isEmpty)
            #expect(!outcome.error.isEmpty)
        }
        try check(["run", "-m", model, "-p", "a", "-n", "-1"], 64)
        try check(["run", "-m", model, "-p", "a", "--temp", "-1"], 64)
        try check(["run", "-m", model, "-p", "a", "--top-p", "0"], 64)
        try check(["run", "-m", model, "-p", "a", "-t", "0"], 64)
        try check(["run", "-m", model], 64)
        try check(["run", "-p", "a"], 64)
        try check(["run", "-m", model, "-p", "a", "--sys", "b"], 64)
        try check(["run", "-m", model, "-f", "/no/such/file"], 66)
        try check(["run", "-m", "/no/such/model.gguf", "-p", "a"], 66)
        let long = String(repeating: "word ", count: 2000)
        expectOneSentence(
            try Executable.run(["run", "-m", model, "-p", long, "--raw"]), code: 1, saying: ["context of 256 tokens"])
        let broken = try TemporaryFile(Data([0x61, 0xFF, 0x62]), name: "prompt.txt")
        expectOneSentence(
            try Executable.run(["run", "-m", model, "-f", broken.path]), code: 65,
            saying: ["not valid UTF-8", "offset 1"])
    }
}
