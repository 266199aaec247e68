// `coolfusion fuse`: one model equals itself alone, order and shortcuts change nothing, the JSON is whole.
import Foundation
import Testing

@Suite struct FuseTests {
    private static let prompt = ["-p", "The old man said", "--raw"]

    private static func models(_ names: [String]) -> [String] {
        names.flatMap { ["-m", "\($0)=\(Executable.fixture($0))"] }
    }

    private func text(_ arguments: [String]) throws -> String {
        let outcome = try Executable.run(arguments)
        #expect(outcome.code == 0, "\(outcome.error)")
        return outcome.text
    }

    @Test(arguments: ["tiny-llama", "tiny-qwen2", "tiny-gpt2"]) func oneModelEqualsItselfAlone(name: String) throws {
        let alone = try text(["run", "--temp", "0", "-n", "24"] + Self.models([name]) + Self.prompt)
        #expect(!alone.isEmpty)
        #expect(try text(["fuse", "-n", "24"] + Self.models([name]) + Self.prompt) == alone)
        let twice = ["-m", Executable.fixture(name), "-m", Executable.fixture(name)]
        #expect(try text(["fuse", "-n", "24"] + twice + Self.prompt) == alone)
    }

    @Test(arguments: ["paper", "logprob"]) func shortcutsChangeNothing(rank: String) throws {
        let arguments =
            ["fuse", "-n", "24", "--rank", rank, "--max-segment-tokens", "4"]
            + Self.models(["tiny-llama", "tiny-qwen2", "tiny-gpt2"]) + Self.prompt
        let quick = try text(arguments)
        #expect(!quick.isEmpty)
        #expect(try text(arguments + ["--no-shortcuts"]) == quick)
        #expect(try text(arguments + ["--explain"]) == quick)
    }

    @Test func jsonIsWhole() throws {
        let names = ["tiny-llama", "tiny-qwen2"]
        let arguments = ["fuse", "-n", "16", "--max-segment-tokens", "4"] + Self.models(names) + Self.prompt
        let report = try Executable.run(arguments + ["--json"]).json()
        #expect(report["text"] as? String == (try text(arguments)))
        #expect(report["strategy"] as? String == "cool")
        #expect((report["models"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == names)
        let segments = try #require(report["segments"] as? [[String: Any]])
        #expect(segments.compactMap { $0["text"] as? String }.joined() == report["text"] as? String)
        var offset = 0
        for segment in segments {
            #expect(segment["offset"] as? Int == offset)
            offset += (segment["text"] as? String ?? "").utf8.count
            #expect(["agreed", "verified", "ranked"].contains(segment["how"] as? String ?? ""))
            #expect((segment["candidates"] as? [Any])?.isEmpty == false)
        }
        let usage = try #require(report["usage"] as? [String: [String: Any]])
        #expect(Set(usage.keys) == Set(names))
        #expect((usage["tiny-llama"]?["passes"] as? Int ?? 0) > 0)
    }

    @Test func jsonLinesAreSegmentsThenTheResult() throws {
        let outcome = try Executable.run(
            ["fuse", "-n", "12", "--jsonl"] + Self.models(["tiny-llama", "tiny-gpt2"]) + Self.prompt)
        let lines = try outcome.text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let segments = lines.dropLast()
        #expect(!segments.isEmpty && segments.allSatisfy { $0["event"] as? String == "segment" })
        #expect(lines.last?["event"] as? String == "result")
        #expect(segments.compactMap { $0["text"] as? String }.joined() == lines.last?["text"] as? String)
    }

    @Test func aTextThatEndsBecauseTheContextIsFullSaysSo() throws {
        let arguments = Self.models(["tiny-llama"]) + Self.prompt + ["-n", "1000", "-c", "20"]
        for command in [["fuse"], ["run", "--temp", "0", "--ignore-eos"]] {
            let outcome = try Executable.run(command + arguments)
            #expect(outcome.code == 0 && !outcome.text.isEmpty)
            #expect(outcome.error.contains("context of 20 tokens is full"), "\(outcome.error)")
            #expect(try Executable.run(command + arguments + ["-q"]).error.isEmpty)
        }
    }

    @Test func aPromptLongerThanTheContextIsCounted() throws {
        let outcome = try Executable.run(["fuse", "-c", "2"] + Self.models(["tiny-llama"]) + Self.prompt)
        #expect(outcome.code == 1 && outcome.text.isEmpty)
        #expect(outcome.error.contains("does not fit its context of 2"), "\(outcome.error)")
    }

    @Test func wrongArgumentsAre64() throws {
        let models = Self.models(["tiny-llama"])
        for wrong in [
            ["--models", "none"], models + ["--rank", "best"], models + ["--weights", "1,x"],
            models + ["--weights", "1,2"],
            models + ["--strategy", "none"], models + ["--json", "--jsonl"], models + ["--max-segment-tokens", "0"],
            Self.models(["tiny-llama"]) + Self.models(["tiny-llama"]),
            models + ["--shortcuts", "magic"], models + ["--top-k", "3"],
            models + ["--repeat-penalty", "1.2", "--temp", "0"],
            models + ["--frequency-penalty", "1"], models + ["--logit-bias", "3+1"],
            models + ["--logit-bias", "99999+1", "--temp", "1"],
            Self.models(["tiny-llama", "tiny-gpt2"]) + ["--logit-bias", "3+1", "--temp", "1"],
            models + ["--temp", "1", "--samples", "65", "--strategy", "vote"],
            models + ["--temp", "1", "--samples", "2"],
            models + ["--temp", "1", "--samples", "2", "--strategy", "solo"],
        ] {
            let outcome = try Executable.run(["fuse"] + wrong + Self.prompt)
            #expect(outcome.code == 64, "\(wrong)")
            #expect(outcome.output.isEmpty)
            #expect(!outcome.error.isEmpty)
        }
    }

    static let stories = ["stories260K.F32", "babyllama-tok361.F32", "babyllama-tok105.F32"].compactMap(
        Executable.shared)

    @Test(.enabled(if: stories.count == 3)) func threeVocabulariesWriteOneStory() throws {
        let prompt = ["-p", "Once upon a time", "-n", "60"]
        let models = Self.stories.flatMap { ["-m", $0] }
        let story = try text(["fuse"] + models + prompt)
        #expect(story.hasPrefix(", there was a little girl named Lily."))
        #expect(try text(["fuse", "--no-shortcuts"] + models + prompt) == story)
    }
}
