// The kinds of tasks `eval` knows, worked examples, problems side by side, and journals of other runs.
import Foundation
import Testing

@Suite struct EvalKindsTests {
    private static let models = ["tiny-gpt2", "tiny-qwen2"].flatMap { ["-m", "\($0)=\(Executable.fixture($0))"] }

    private func task(_ lines: [String]) throws -> TemporaryFile {
        try TemporaryFile(Data((lines.joined(separator: "\n") + "\n").utf8), name: "task.jsonl")
    }

    private func strategies(_ arguments: [String]) throws -> [String: [String: Any]] {
        let report = try Executable.run(["eval"] + arguments + Self.models + ["--json", "-q", "-t", "1"]).json()
        return try #require(report["strategies"] as? [String: [String: Any]])
    }

    /// Bits per byte by `score`, which goes another way.
    private func bits(_ model: String, _ context: String, _ candidates: [String]) throws -> [Double] {
        let report = try Executable.run(
            ["score", "-m", "m=\(Executable.fixture(model))", "-p", context, "--raw", "--json", "-q"]
                + candidates.flatMap { ["--candidate", $0] }
        ).json()
        let all = try #require(report["candidates"] as? [[String: Any]])
        return all.compactMap { (($0["models"] as? [String: [String: Any]])?["m"]?["bits_per_byte"]) as? Double }
    }

    @Test func choicesAreThoseOfLeastBits() throws {
        let choices = ["the dog", "a very long answer about cats", "42", "Paris"]
        let questions = (0..<4).map { "Question number \($0), said the old man:" }
        let expected = try ["tiny-gpt2", "tiny-qwen2"].map { model in
            try questions.map { question in
                let bits = try bits(model, question, choices.map { " " + $0 })
                return try #require(bits.indices.min { bits[$0] < bits[$1] })
            }
        }
        // By the first model's picks: it is right always, the second where it agrees. Answers in every spelling.
        let lines = zip(questions, expected[0]).enumerated().map { number, problem -> String in
            let spelled = ["\(problem.1)", "\"\("ABCD".map(String.init)[problem.1])\"", "\"\(choices[problem.1])\""]
            return "{\"question\":\"\(problem.0)\",\"choices\":[\(choices.map { "\"\($0)\"" }.joined(separator: ","))],"
                + "\"answer\":\(spelled[number % 3])}"
        }
        let file = try task(lines)
        let all = try strategies([file.path, "--format", "{question}", "--strategies", "all"])
        #expect(all["solo:tiny-gpt2"]?["correct"] as? Int == 4)
        let agreed = zip(expected[0], expected[1]).count { $0 == $1 }
        #expect(all["solo:tiny-qwen2"]?["correct"] as? Int == agreed)
        #expect(all["default"] != nil && all["vote"] != nil && all["cool:pool"] != nil && all["primary"] == nil)
    }

    @Test func textsArePredicted() throws {
        let texts = ["The old man said nothing.", "And then there were none of them left."]
        let file = try task(texts.map { "{\"text\":\"\($0)\"}" })
        let all = try strategies([file.path])
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        for model in ["tiny-gpt2", "tiny-qwen2"] {
            let expected = try texts.reduce(0.0) { sum, text in
                try sum + (bits(model, "", [text]).first ?? .nan) * Double(text.utf8.count)
            }
            let found = try #require(all["solo:\(model)"]?["bits_per_byte"] as? Double)
            #expect(abs(found - expected / Double(bytes)) < 1e-3)
            #expect(all["solo:\(model)"]?["bytes"] as? Int == bytes)
        }
        let solos = ["tiny-gpt2", "tiny-qwen2"].compactMap { all["solo:\($0)"]?["bits_per_byte"] as? Double }
        let pool = try #require(all["cool:pool"]?["bits_per_byte"] as? Double)
        // The mean of two probabilities is at least half the larger one.
        #expect(pool < (solos.max() ?? 0))
        #expect(pool < (solos.min() ?? 0) + 1)
    }

    private static let sums = (1...9).map {
        "{\"question\":\"\($0) and \($0 + 1)?\",\"answer\":\"#### \(2 * $0 + 1)\"}"
    }

    private func journal(_ arguments: [String]) throws -> (header: String, lines: [Int: String]) {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let outcome = try Executable.run(["eval"] + arguments + Self.models + ["-q", "-n", "12", "--journal", path])
        #expect(outcome.code == 0, "\(outcome.error)")
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        var problems: [Int: String] = [:]
        for line in lines.dropFirst() {
            let entry = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let attempts = try #require(entry["attempts"] as? [String: [String: Any]])
            problems[try #require(entry["problem"] as? Int)] = attempts.sorted { $0.key < $1.key }.map {
                "\($0.key): \($0.value["text"] ?? "") \($0.value["tokens"] ?? "")"
            }.joined(separator: "\n")
        }
        return (lines[0], problems)
    }

    @Test func problemsSideBySideHaveTheSameAnswers() throws {
        let file = try task(Self.sums)
        let arguments = [file.path, "--strategies", "all", "--samples", "2"]
        let one = try journal(arguments + ["--parallel", "1", "-t", "1"])
        let many = try journal(arguments + ["--parallel", "5", "-t", "2"])
        #expect(one.lines.count == 9)
        #expect(one.lines == many.lines)
    }

    @Test func shotsAreNotAsked() throws {
        let file = try task(Self.sums)
        let (header, lines) = try journal([file.path, "--shots", "2", "--format", "Q: {question}\\nA: "])
        #expect(lines.count == 7)
        #expect(header.contains("Q: 1 and 2?\\nA: #### 3\\n\\nQ: 2 and 3?\\nA: #### 5\\n\\n"))
        let other = try task(["{\"question\":\"0?\",\"answer\":\"#### 0\"}"])
        #expect(try journal([file.path, "--shots", "1", "--shots-from", other.path]).lines.count == 9)
        let refused = try Executable.run(["eval", file.path, "--shots", "2", "--shots-from", other.path] + Self.models)
        #expect(refused.code == 65 && refused.error.contains("has no 2 problems"))
    }

    @Test func aJournalOfAnotherRunIsRefusedByWhatDiffers() throws {
        let (first, second) = (try task(Self.sums), try task(Array(Self.sums.prefix(3))))
        let journal = try TemporaryFile(Data(), name: "journal")
        try FileManager.default.removeItem(atPath: journal.path)
        func run(_ arguments: [String]) throws -> Executable.Outcome {
            try Executable.run(["eval"] + arguments + ["-n", "4", "-q", "--journal", journal.path])
        }
        #expect(try run([first.path] + Self.models).code == 0)
        let task = try run([second.path] + Self.models)
        #expect(task.code == 65 && task.error.contains("(different: task)"), "\(task.error)")
        let models = try run([first.path] + Self.models + ["-m", Executable.fixture("tiny-llama")])
        #expect(models.code == 65 && models.error.contains("models"), "\(models.error)")
    }

    @Test func linesOfAnotherKindAreBroken() throws {
        let file = try task([
            Self.sums[0], "{\"text\":\"x\"}", "{\"question\":\"q\",\"choices\":[\"a\",\"b\"],\"answer\":\"c\"}",
        ])
        let outcome = try Executable.run(["eval", file.path] + Self.models)
        #expect(outcome.code == 65)
        #expect(outcome.error.contains("line 2") && outcome.error.contains("line 3"), "\(outcome.error)")
        let wrong = try task(["{\"question\":\"q\",\"choices\":[\"a\",\"b\"],\"answer\":\"c\"}"])
        let refused = try Executable.run(["eval", wrong.path] + Self.models)
        #expect(refused.code == 65 && refused.error.contains("none of its 2 choices"), "\(refused.error)")
    }

    @Test func aPromptNoModelHasRoomForIsOneUnansweredProblem() throws {
        let long = String(repeating: "word ", count: 300)
        let file = try task([Self.sums[0], "{\"question\":\"\(long)\",\"answer\":\"#### 1\"}"])
        let outcome = try Executable.run(
            ["eval", file.path, "-c", "64", "-n", "4", "--json", "-q", "--strategies", "all"] + Self.models)
        #expect(outcome.code == 0, "\(outcome.error)")
        #expect(try outcome.json()["problems"] as? Int == 2)
    }

    @Test func choicesNobodyHasRoomForAreNotAnswered() throws {
        let long = String(repeating: "word ", count: 1200)
        let file = try task(["{\"question\":\"\(long)\",\"choices\":[\"alpha\",\"beta\"],\"answer\":\"A\"}"])
        let all = try strategies([file.path, "-c", "64", "--strategies", "all"])
        #expect(all.count > 4)
        for (name, row) in all { #expect(row["correct"] as? Int == 0, "\(name)") }
    }

    @Test func anEmptyQuestionIsOneToAnswer() throws {
        let empty = try task(["{\"question\":\"\",\"answer\":\"#### 1\"}"])
        let lineEnd = try task(["{\"question\":\"\\n\",\"answer\":\"#### 1\"}"])
        let found = try journal([empty.path]).lines
        #expect(found[0]?.contains("solo:tiny-gpt2: ") == true && found[0]?.contains("solo:tiny-gpt2:  ") == false)
        #expect(try found == journal([lineEnd.path, "--format", "{question}"]).lines)
    }

    @Test func aTextIsNotAMessage() throws {
        let text = "The old man said nothing."
        let file = try task(["{\"text\":\"\(text)\"}"])
        let report = try Executable.run(
            ["eval", file.path, "-m", "q=\(Executable.fixture("tiny-qwen3"))", "--json", "-q"]
        ).json()
        let found = (report["strategies"] as? [String: [String: Any]])?["solo:q"]?["bits_per_byte"] as? Double
        let expected = try #require(try bits("tiny-qwen3", "", [text]).first)
        #expect(abs((found ?? .nan) - expected) < 1e-3)
    }

    @Test func tenModelsAndAnEmptyPrompt() throws {
        let ten = (0..<10).flatMap { ["-m", Executable.fixture(["tiny-gpt2", "tiny-qwen2", "tiny-llama"][$0 % 3])] }
        let report = try Executable.run(["fuse", "-n", "6", "--raw", "-p", "", "--json", "-q"] + ten).json()
        let names = try #require(report["models"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(names.count == 10 && Set(names).count == 10)
        #expect((report["segments"] as? [Any])?.isEmpty == false)
    }

    @Test func aSeedOfMinusOneIsAnotherEachTime() throws {
        func text(_ seed: String) throws -> String {
            let outcome = try Executable.run(
                [
                    "run", "-m", Executable.fixture("tiny-gpt2"), "-p", "The", "--raw", "-n", "20", "--temp", "2", "-s",
                    seed,
                ])
            #expect(outcome.code == 0, "\(outcome.error)")
            return outcome.text
        }
        #expect(try text("-1") != text("-1"))
        #expect(try text("7") == text("7"))
        let wrong = try Executable.run(["run", "-m", "x.gguf", "-p", "x", "-s", "-2"])
        #expect(wrong.code == 64)
    }

    @Test func samplesNeedATemperature() throws {
        let arguments = ["fuse", "-n", "4", "-p", "x", "--strategy", "vote", "--samples", "3"] + Self.models
        #expect(try Executable.run(arguments).code == 64)
        let report = try Executable.run(arguments + ["--temp", "0.8", "-s", "3", "--json", "-q"]).json()
        let answers = try #require(report["answers"] as? [[String: Any]])
        #expect(answers.reduce(0) { $0 + (($1["authors"] as? [Any])?.count ?? 0) } == 6)
    }
}

/// Real problems and recorded answers: what is read must be what was meant.
@Suite struct GSM8KTests {
    private static let path = Executable.root.appendingPathComponent("../shared/data/gsm8k-test.jsonl")
        .standardizedFileURL
        .path

    /// A journal of 1319 recorded answers is a finished run: the report comes without a model computing anything.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: path)))
    func recordedAnswersMakeTheReport() throws {
        let arguments = [
            "eval", Self.path, "-m", "a=\(Executable.fixture("tiny-gpt2"))", "-m",
            "b=\(Executable.fixture("tiny-qwen2"))",
            "--json", "-q", "-n", "8", "--strategies", "solo:a,solo:b,default",
        ]
        let journal = try TemporaryFile(Data(), name: "journal")
        try FileManager.default.removeItem(atPath: journal.path)
        _ = try Executable.run(arguments + ["--limit", "1", "--journal", journal.path])
        let header = try #require(
            try String(contentsOfFile: journal.path, encoding: .utf8).split(separator: "\n").first)
        // Recorded: a is right on every second, b on every third, the fusion on all but every tenth.
        var lines = [String(header)]
        for problem in 0..<1319 {
            let outcomes = [("solo:a", problem % 2 == 0), ("solo:b", problem % 3 == 0), ("default", problem % 10 != 0)]
            let attempts = outcomes.map {
                "\"\($0.0)\":{\"correct\":\($0.1),\"parsed\":\"1\",\"tokens\":10,\"seconds\":0.5,\"text\":\"#### 1\"}"
            }
            lines.append("{\"problem\":\(problem),\"attempts\":{\(attempts.joined(separator: ","))}}")
        }
        try (lines.joined(separator: "\n") + "\n").write(toFile: journal.path, atomically: true, encoding: .utf8)
        let report = try Executable.run(arguments + ["--journal", journal.path]).json()
        #expect(report["problems"] as? Int == 1319)
        let all = try #require(report["strategies"] as? [String: [String: Any]])
        #expect(all["solo:a"]?["correct"] as? Int == 660)
        #expect(all["solo:b"]?["correct"] as? Int == 440)
        #expect(all["default"]?["correct"] as? Int == 1187)
        #expect((report["verdict"] as? String)?.hasPrefix("Yes: fusing solves 40 points more") == true)
    }
}
