// Ctrl-C and readers that go away: what was written stays written, the exit code says what happened.
import Foundation
import Testing

@Suite struct InterruptTests {
    /// A text that would take minutes.
    private static let long = [
        "-m", Executable.fixture("tiny-llama"), "-p", "The old man said", "-n", "10000000", "-c", "2000000",
    ]

    @Test func controlCKeepsWhatWasWritten() throws {
        let running = try Executable.start(["run", "--temp", "0"] + Self.long)
        let first = running.readSome()
        running.process.interrupt()
        let outcome = try running.finish(afterReading: first)
        #expect(outcome.code == 130)
        #expect(outcome.text.hasPrefix("The"))
    }

    @Test func controlCClosesTheJSON() throws {
        let running = try Executable.start(["fuse", "--jsonl"] + Self.long)
        let first = running.readSome()
        running.process.interrupt()
        let outcome = try running.finish(afterReading: first)
        #expect(outcome.code == 130)
        let last = try #require(outcome.text.split(separator: "\n").last)
        let result = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect(result["event"] as? String == "result")
        #expect(result["stop"] as? String == "cancelled")
        #expect((result["text"] as? String)?.isEmpty == false)
    }

    @Test func controlCBeforeAnyTextEndsAtOnce() throws {
        let running = try Executable.start(["tokenize", "--jsonl", "-m", Executable.fixture("tiny-llama")])
        Thread.sleep(forTimeInterval: 0.3)
        running.process.interrupt()
        #expect(try running.finish().code == 130)
    }

    @Test func aReaderThatGoesAwayEndsTheRunQuietly() throws {
        let running = try Executable.start(["run", "--temp", "0", "--raw"] + Self.long)
        _ = running.readSome()
        try running.closeOutput()
        let outcome = try running.finish()
        #expect(outcome.code == 0)
        #expect(outcome.error.isEmpty)
    }
}
