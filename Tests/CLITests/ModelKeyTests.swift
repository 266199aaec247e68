// What a model's file says about its use: the sampling it recommends (`general.sampling.*`) and its chat templates by
// name (`tokenizer.chat_template.NAME`). The files are fixtures written anew with such keys.
import Foundation
import GGUF
import Testing

@Suite struct ModelKeyTests {
    /// The fixture with further keys, in a folder of its own.
    private static func model(_ name: String, _ keys: [(key: String, value: GGUFValue)]) throws -> TemporaryFile {
        let source = try GGUFFile(path: Executable.fixture(name))
        let file = try TemporaryFile(Data())
        let kept = source.metadata.map { ($0.key, $0.value) }.filter { old in !keys.contains { $0.key == old.0 } }
        let tensors = source.tensors.map { GGUFWriter.Tensor(name: $0.name, type: $0.type, shape: $0.shape) }
        let writer = try GGUFWriter(path: file.path, metadata: kept + keys, tensors: tensors)
        for tensor in source.tensors { try writer.write(source.bytes(of: tensor)) }
        try writer.finish()
        return file
    }

    private func text(_ path: String, _ arguments: String...) throws -> (tokens: [Int], error: String) {
        let run = ["run", "-m", "m=\(path)", "-p", "The old man", "-n", "24", "--raw", "--json", "--ignore-eos"]
        let outcome = try Executable.run(run + arguments)
        return (try #require(try outcome.json()["tokens"] as? [Int]), outcome.error)
    }

    @Test func recommendedSamplingCountsWhereNoFlagIsGiven() throws {
        let plain = Executable.fixture("tiny-llama")
        let file = try Self.model(
            "tiny-llama",
            [
                ("general.sampling.temp", .float32(1.7)), ("general.sampling.top_k", .int32(7)),
                ("general.sampling.top_p", .float32(0.9)), ("general.sampling.min_p", .float32(0.02)),
                ("general.sampling.penalty_repeat", .float32(1.3)), ("general.sampling.penalty_last_n", .int32(-1)),
                ("general.sampling.mirostat", .int32(2)),
            ])
        let recommended = try text(file.path, "-s", "5")
        #expect(
            recommended.error.contains(
                "m: sampling as its file recommends: temp 1.7, top-k 7, top-p 0.9, min-p 0.02, repeat-penalty 1.3, "
                    + "repeat-last-n all"))
        let flags = [
            "--temp", "1.7", "--top-k", "7", "--top-p", "0.9", "--min-p", "0.02", "--repeat-penalty", "1.3",
            "--repeat-last-n", "1000000",
        ]
        let run = ["run", "-m", "m=\(plain)", "-p", "The old man", "-n", "24", "--raw", "--json", "--ignore-eos"]
        let spelled = try Executable.run(run + flags + ["-s", "5"]).json()["tokens"] as? [Int]
        #expect(recommended.tokens == spelled)
        #expect(try text(plain, "-s", "5").tokens != recommended.tokens)
        // A flag counts before the file, value by value.
        let greedy = try text(file.path, "--temp", "0", "--repeat-penalty", "1")
        #expect(greedy.tokens == (try text(plain, "--temp", "0").tokens))
        #expect(greedy.error.contains("recommends: top-k 7,"))
    }

    @Test(arguments: [
        ("general.sampling.temp", GGUFValue.string("hot")), ("general.sampling.top_k", .float32(3)),
        ("general.sampling.temp", .float32(-1)), ("general.sampling.top_p", .float32(7)),
    ])
    func senselessRecommendationsAre65(key: String, value: GGUFValue) throws {
        let file = try Self.model("tiny-llama", [(key, value)])
        let outcome = try Executable.run(["run", "-m", file.path, "-p", "The", "-n", "1"])
        #expect(outcome.code == 65)
        #expect(outcome.output.isEmpty)
        let name = key.split(separator: ".").last.map(String.init) ?? key
        #expect(outcome.error.contains(name) || outcome.error.contains(name.replacingOccurrences(of: "_", with: "-")))
    }

    @Test func namedTemplatesAreChosenByName() throws {
        let file = try Self.model(
            "tiny-qwen3",
            [
                ("tokenizer.chat_template", .string("default: {{ messages[0].content }}")),
                ("tokenizer.chat_template.tool_use", .string("tools: {{ messages[0].content }}")),
                ("tokenizer.chat_template.chatml", .string("own chatml: {{ messages[0].content }}")),
            ])
        func prompt(_ arguments: String...) throws -> String? {
            let command = ["template", "--json", "-m", file.path, "-p", "Hi"]
            return try Executable.run(command + arguments).json()["prompt"] as? String
        }
        #expect(try prompt() == "default: Hi")
        #expect(try prompt("--chat-template", "tool_use") == "tools: Hi")
        // The file's own comes before the built-in one of that name.
        #expect(try prompt("--chat-template", "chatml") == "own chatml: Hi")
        let unknown = try Executable.run(["template", "-m", file.path, "-p", "Hi", "--chat-template", "rag"])
        #expect(unknown.code == 64)
        #expect(unknown.error.contains("(chatml, default, tool_use)"))
    }

    @Test func brokenTemplatesOfAFileAre65() throws {
        for (key, arguments) in [
            ("tokenizer.chat_template", []), ("tokenizer.chat_template.rag", ["--chat-template", "rag"]),
        ] {
            let broken = try Self.model("tiny-qwen3", [(key, .string("fine\n  {% if %}"))])
            let outcome = try Executable.run(["template", "-m", broken.path, "-p", "Hi"] + arguments)
            #expect(outcome.code == 65)
            #expect(outcome.error.contains("line 2, column"))
            let wrong = try Self.model("tiny-qwen3", [(key, .uint32(1))])
            let refused = try Executable.run(["template", "-m", wrong.path, "-p", "Hi"] + arguments)
            #expect(refused.code == 65)
            #expect(refused.error.contains("'\(key)'"), "\(refused.error)")
        }
    }
}
