// `coolfusion eval`: the report's shape, the journal across a kill, broken data, and the quality of the built-in trio.
import Foundation
import Testing

private func temporary(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)").path
}

private func strategies(_ report: [String: Any]) throws -> [String: [String: Any]] {
    try #require(report["strategies"] as? [String: [String: Any]])
}

@Suite struct EvalTests {
    @Test func reportHasTheContractsShape() throws {
        let report = try Executable.run(["eval", "demo", "--limit", "3", "--json", "-q"]).json()
        #expect(report["problems"] as? Int == 3)
        let all = try strategies(report)
        #expect(Set(all.keys) == ["solo:demo-llama", "solo:demo-qwen3", "solo:demo-phi3", "default", "vote"])
        for row in all.values {
            #expect(
                row["correct"] is Int && row["accuracy"] is Double && row["tokens"] is Int && row["seconds"] is Double)
        }
        let ceiling = try #require(report["any_correct"] as? [String: Any])
        #expect((ceiling["interval"] as? [Double])?.count == 2)
        let tests = try #require(report["mcnemar"] as? [String: [String: Any]])
        #expect(Set(tests.keys) == ["default", "vote"])
    }

    /// 150 problems the trio was not trained on. Recorded with these files: fused 145, the best member 129. Were the true
    /// accuracy the recorded 96.7 %, fewer than 139 would happen once in 200 runs of other problems; on these problems
    /// only a change of the engine can change it.
    @Test func fusingTheTrioBeatsItsBestMember() throws {
        let report = try Executable.run(["eval", "demo", "--limit", "150", "--json", "-q"]).json()
        let all = try strategies(report)
        let solos = all.filter { $0.key.hasPrefix("solo:") }.compactMap { $0.value["correct"] as? Int }
        let fused = try #require(all["default"]?["correct"] as? Int)
        #expect(fused >= 139)
        #expect(fused > solos.max() ?? 150)
    }

    @Test func goesOnAfterBeingKilled() throws {
        let (journal, whole) = (temporary("journal"), temporary("whole"))
        defer { for path in [journal, whole] { try? FileManager.default.removeItem(atPath: path) } }
        let arguments = ["eval", "demo", "--limit", "12", "--strategies", "solo:demo-llama,default", "--json", "-q"]
        let running = try Executable.start(arguments + ["--journal", journal])
        var lines = 0
        let deadline = Date().addingTimeInterval(60)
        while lines < 4, Date() < deadline, running.process.isRunning {
            usleep(2000)
            lines = (try? String(contentsOfFile: journal, encoding: .utf8))?.split(separator: "\n").count ?? 0
        }
        kill(running.process.processIdentifier, SIGKILL)
        running.process.waitUntilExit()
        // As if the last line had been cut by the kill.
        let text = try String(contentsOfFile: journal, encoding: .utf8)
        try (text + "{\"problem\":").write(toFile: journal, atomically: true, encoding: .utf8)

        let resumed = try Executable.run(arguments + ["--journal", journal]).json()
        let fresh = try Executable.run(arguments + ["--journal", whole]).json()
        func correct(_ report: [String: Any]) throws -> [String: Int] {
            try strategies(report).compactMapValues { $0["correct"] as? Int }
        }
        #expect(try correct(resumed) == correct(fresh))
        let entries = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n").dropFirst()
        let problems = entries.compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["problem"] as? Int
        }
        #expect(problems.sorted() == Array(0..<12))

        let other = try Executable.run(["eval", "demo", "--limit", "12", "-n", "9", "--journal", journal])
        #expect(other.code == 65)
        #expect(other.error.contains("belongs to another run"))
    }

    @Test func brokenDataIsNamedByLine() throws {
        let path = temporary("task")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "{\"question\": \"1 + 1?\", \"answer\": \"#### 2\"}\nnot json\n{\"question\": 1}\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let refused = try Executable.run(["eval", path, "--models", "demo"])
        #expect(refused.code == 65)
        #expect(refused.error.contains("line 2") && refused.error.contains("line 3"))
        let skipped = try Executable.run(["eval", path, "--models", "demo", "--skip-broken", "--json", "-n", "4"])
        #expect(skipped.code == 0)
        #expect(try skipped.json()["problems"] as? Int == 1)
    }

    private static let wrongUses: [([String], Int32)] = [
        (["eval", "/nonexistent.jsonl"], 66), (["eval", "demo", "--limit", "0"], 64),
        (["eval", "demo", "--strategies", "nonsense"], 64), (["eval", "demo", "--format", "no question"], 64),
        (["eval", "demo", "-m", "x.gguf", "--models", "demo"], 64), (["fuse", "-m", "demo:nonsense", "-p", "x"], 64),
    ]

    @Test(arguments: wrongUses)
    func wrongUseEndsWithItsCode(arguments: [String], code: Int32) throws {
        let outcome = try Executable.run(arguments)
        #expect(outcome.code == code, "\(outcome.error)")
    }

    @Test func theTrioAnswersWhereNoModelIsNamed() throws {
        let outcome = try Executable.run([
            "fuse", "-p", "Anna buys 9 books for $7 each and 7 apples for $3 each. How much does she spend in total?\n",
        ])
        #expect(outcome.code == 0)
        #expect(outcome.text.hasSuffix("#### 84"))
        #expect(outcome.error.contains("demo models"))
    }
}
