// `coolfusion chat`, driven through pipes: answers on stdout, everything else on stderr.
import Foundation
import Testing

@Suite struct ChatTests {
    private static let qwen = ["-m", "q=\(Executable.fixture("tiny-qwen3"))"]
    private static let two = ["-m", Executable.fixture("tiny-llama"), "-m", Executable.fixture("tiny-qwen2")]

    private func chat(_ arguments: [String], _ input: String) throws -> Executable.Outcome {
        try Executable.run(["chat", "--temp", "0", "-n", "8"] + arguments, input: input)
    }

    @Test func theFirstAnswerIsThatOfRun() throws {
        let alone = try Executable.run(["run", "--temp", "0", "-n", "8", "-p", "Hello there"] + Self.qwen)
        let outcome = try chat(Self.qwen, "Hello there\n")
        #expect(outcome.code == 0, "\(outcome.error)")
        #expect(outcome.text == alone.text + "\n")
    }

    @Test func theSecondAnswerKnowsTheFirstTurn() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
        let outcome = try chat(
            Self.qwen, "/system Be brief\nHello\nAnd then?\\\nWell?\n/save \(folder.path)\n/save \(folder.path)\n")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(outcome.code == 0, "\(outcome.error)")
        let saved = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: folder)) as? [[String: String]])
        #expect(saved.map { $0["role"] } == ["system", "user", "assistant", "user", "assistant"])
        #expect(saved[3]["content"] == "And then?\nWell?")
        // The same conversation without its last answer, rendered and evaluated from nothing.
        let question = folder.path + ".json"
        try JSONSerialization.data(withJSONObject: Array(saved.dropLast())).write(to: URL(fileURLWithPath: question))
        defer { try? FileManager.default.removeItem(atPath: question) }
        let again = try Executable.run(["run", "--temp", "0", "-n", "8", "--messages", question] + Self.qwen)
        #expect(again.text == saved[4]["content"])
        let resumed = try chat(Self.qwen + ["--messages", folder.path], "/models\n/exit\nnever read\n")
        #expect(resumed.code == 0 && resumed.output.isEmpty)
    }

    @Test func severalModelsAnswerAsFuseDoes() throws {
        let fused = try Executable.run(["fuse", "-n", "8", "-p", "The old man"] + Self.two)
        let outcome = try chat(Self.two, "The old man\n/reset\nThe old man\n/models\n")
        #expect(outcome.code == 0, "\(outcome.error)")
        #expect(outcome.text == fused.text + "\n" + fused.text + "\n")
        #expect(outcome.error.contains("tokens used"))
    }

    @Test func wrongCommandsAreToldAndTheChatGoesOn() throws {
        let outcome = try chat(
            ["-m", Executable.fixture("tiny-llama")], "/nothing\n/save\n/save /proc/none/x\n/system x\n//slash\n")
        #expect(outcome.error.contains("no command '/nothing'"))
        #expect(outcome.error.contains("/save needs a file name"))
        #expect(outcome.error.contains("cannot write '/proc/none/x'"))
        #expect(outcome.error.contains("no chat template"))
        #expect(!outcome.text.isEmpty)
        #expect(outcome.code == 64)
    }

    @Test func aFullContextIsSaidAndTheConversationKept() throws {
        let long = String(repeating: "word ", count: 60)
        let outcome = try chat(Self.qwen + ["-c", "64"], "Hi\n\(long)\n/models\n/reset\nHi\n")
        #expect(outcome.error.contains("does not fit the context of 64"))
        #expect(outcome.code == 1)
        let lines = outcome.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count >= 3)
        let first = try chat(Self.qwen + ["-c", "64"], "Hi\n").text
        #expect(outcome.text == first + first)
    }

    private static let llama = ["-m", Executable.fixture("tiny-llama")]

    @Test func controlCStopsTheAnswerNotTheProgram() throws {
        let running = try Executable.start(["chat", "--temp", "0", "-n", "10000000", "-c", "2000000"] + Self.llama)
        try running.write("The old man said\n")
        let text = running.readSome()
        running.process.interrupt()
        let outcome = try running.finish(input: "/models\n", afterReading: text)
        #expect(outcome.code == 0)
        #expect(!text.isEmpty)
        #expect(outcome.error.contains("stopped"))
        #expect(outcome.error.contains("tokens used"))
    }

    /// No text has come yet when it is stopped: it would be chosen at the end, which is never reached.
    @Test(arguments: ["rerank", "vote", "cool+rerank"]) func controlCStopsAStrategyOfWholeAnswers(strategy: String)
        throws
    {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("chat-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let running = try Executable.start(
            ["chat", "--strategy", strategy, "-n", "10000000", "-c", "2000000"] + Self.llama
                + ["-m", Executable.fixture("tiny-qwen2")])
        try running.write("/save \(file)\nThe old man said\n")
        while running.process.isRunning && !FileManager.default.fileExists(atPath: file) {
            Thread.sleep(forTimeInterval: 0.05)
        }
        Thread.sleep(forTimeInterval: 1)
        running.process.interrupt()
        let outcome = try running.finish(input: "/models\n")
        #expect(outcome.code == 0)
        #expect(outcome.error.contains("stopped") && outcome.error.contains("tokens used"), "\(outcome.error)")
    }

    @Test func controlCTwiceAtThePromptEndsWith130() throws {
        let running = try Executable.start(["chat", "--temp", "0", "-n", "1"] + Self.llama)
        try running.write("The old man said\n")
        var text = running.readSome()
        while text.last != 0x0A && running.process.isRunning { text += running.readSome() }
        for _ in 0..<20 where running.process.isRunning {
            Thread.sleep(forTimeInterval: 0.3)
            if running.process.isRunning { running.process.interrupt() }
        }
        let outcome = try running.finish(afterReading: text)
        #expect(outcome.code == 130)
        #expect(outcome.error.contains("Ctrl-C again"))
    }
}
