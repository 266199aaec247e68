// The journal of `eval`: what is no journal is left as it is, an unfinished line is cut off a journal of this run only,
// every option that changes answers is in the header, and hostile numbers are refused.
import Foundation
import Testing

@Suite struct EvalJournalTests {
    private static let models = ["tiny-gpt2", "tiny-qwen2"].flatMap { ["-m", "\($0)=\(Executable.fixture($0))"] }

    private let task: TemporaryFile
    private let journal: TemporaryFile

    init() throws {
        let lines = (1...3).map { "{\"question\":\"\($0) and 1?\",\"answer\":\"#### \($0 + 1)\"}\n" }
        task = try TemporaryFile(Data(lines.joined().utf8), name: "task.jsonl")
        journal = try TemporaryFile(Data(), name: "journal")
    }

    private func run(_ arguments: [String] = []) throws -> Executable.Outcome {
        try Executable.run(
            ["eval", task.path, "-n", "4", "-q", "--journal", journal.path] + Self.models + arguments)
    }

    private func contents() throws -> String { try String(contentsOfFile: journal.path, encoding: .utf8) }

    private func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: journal.path)) }

    private func header() throws -> String {
        try #require(try contents().split(separator: "\n").first.map(String.init))
    }

    @Test(arguments: ["my notes, without a line end", "first\nsecond\nthird without an end", "{\"task\":3}\n{", "\n"])
    func whatIsNoJournalIsLeftAsItIs(text: String) throws {
        try write(text)
        let outcome = try run()
        #expect(outcome.code == 65 && outcome.error.contains("is no journal"), "\(outcome.error)")
        #expect(try contents() == text)
    }

    @Test func theJournalOfAnotherRunKeepsItsLastLine() throws {
        #expect(try run().code == 0)
        let text = try contents() + "{\"problem\":"
        try write(text)
        #expect(try run(["-n", "5"]).code == 65)
        #expect(try contents() == text)
        // This run's own is cut.
        #expect(try run().code == 0)
        #expect(try contents() + "{\"problem\":" == text)
    }

    @Test func anUnfinishedHeaderIsBegunAnew() throws {
        #expect(try run().code == 0)
        let whole = try header()
        try write(String(whole.prefix(40)))
        #expect(try run().code == 0)
        #expect(try header() == whole)
        #expect(try contents().split(separator: "\n").count == 4)
    }

    private static let differences: [([String], String)] = [
        (["-n", "40"], "tokens"), (["-c", "64"], "models"), (["--cache-type", "f16"], "models"),
        (["--samples", "3"], "draws"), (["-s", "12"], "draws"), (["-s", "-1"], "draws"),
    ]

    /// 4 is the beginning of 40.
    @Test(arguments: differences)
    func whatChangesAnswersIsNamed(arguments: [String], member: String) throws {
        #expect(try run().code == 0)
        let outcome = try run(arguments)
        #expect(outcome.code == 65 && outcome.error.contains("(different: \(member))"), "\(outcome.error)")
        // And the other way round.
        try FileManager.default.removeItem(atPath: journal.path)
        #expect(try run(arguments).code == 0)
        let back = try run()
        #expect(back.code == 65 && back.error.contains("(different: \(member))"), "\(back.error)")
    }

    @Test func oneModelDrawsTheSamplesItsHeaderSays() throws {
        let arguments = [
            "eval", task.path, "-n", "4", "-q", "--journal", journal.path, "-m", Executable.fixture("tiny-gpt2"),
        ]
        #expect(try Executable.run(arguments).code == 0)
        #expect(try header().contains("\"samples\":2,"))
        // What it was asked for in words is what it does anyway.
        #expect(try Executable.run(arguments + ["--samples", "2"]).code == 0)
    }

    @Test func aRunWithAnotherSeedEachTimeGoesOn() throws {
        let arguments = ["-s", "-1", "--strategies", "self:tiny-gpt2"]
        #expect(try run(arguments).code == 0)
        let text = try contents()
        #expect(try run(arguments).code == 0)
        #expect(try contents() == text)
        #expect(try run(["-s", "-2"]).code == 64)
    }

    @Test(arguments: [
        ("\"tokens\":", "9000000000000000000"), ("\"tokens\":", "-1"), ("\"tokens\":", "1099511627777"),
        ("\"seconds\":", "1e300"), ("\"seconds\":", "-1"), ("\"bits\":1e300,\"seconds\":", "1"),
    ])
    func hostileNumbersAreDamage(member: String, value: String) throws {
        #expect(try run().code == 0)
        let key = member.split(separator: ",").last.map(String.init) ?? member
        var lines = try contents().split(separator: "\n").map(String.init)
        for number in 1..<lines.count {
            lines[number].replace(try Regex("\(key)[-+.e0-9]+"), with: "\(member)\(value)")
        }
        try write(lines.joined(separator: "\n") + "\n")
        let outcome = try run()
        #expect(outcome.code == 65 && outcome.error.contains("line 2, is damaged"), "\(outcome.error)")
    }
}
