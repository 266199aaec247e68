// `--report FILE.html`: the page is whole, self-contained and harmless, whatever the text says and however the run ends.
import Foundation
import Testing

@Suite struct ReportTests {
    private static let models = ["tiny-llama", "tiny-qwen2", "tiny-gpt2"].flatMap {
        ["-m", "\($0)=\(Executable.fixture($0))"]
    }
    private static let short = ["-p", "The old man said", "--raw", "-n", "16", "--max-segment-tokens", "4"]
    /// A text that would take minutes.
    private static let long = [
        "fuse", "-m", Executable.fixture("tiny-llama"), "-p", "The old man said", "-n", "10000000", "-c", "2000000",
    ]

    private func segments(_ page: ReportPage) throws -> [[String: Any]] {
        try #require(try page.result()["segments"] as? [[String: Any]])
    }

    private func text(_ page: ReportPage) throws -> String {
        try segments(page).compactMap { $0["text"] as? String }.joined()
    }

    @Test func thePageHasEverySegmentAndFetchesNothing() throws {
        let folder = try ReportFolder()
        let outcome = try Executable.run(
            ["fuse", "--json", "--report", folder.path("page.html")] + Self.models + Self.short)
        #expect(outcome.code == 0, "\(outcome.error)")
        #expect(folder.names == ["page.html"])
        let page = try ReportPage(folder.path("page.html"))
        #expect(page.source.hasPrefix("<!doctype html>"))
        let result = try page.result()
        #expect(NSDictionary(dictionary: result) == NSDictionary(dictionary: try outcome.json()))
        #expect(try text(page) == result["text"] as? String && !text(page).isEmpty)
        let frame = try page.frame()
        for reference in ["http:", "https:", "url(", "@import", "src=", "import(", "fetch(", "{{", "}}"] {
            #expect(!frame.contains(reference), "\(reference)")
        }
        #expect(frame.contains("default-src 'none'"))
    }

    @Test func hostileTextStaysText() throws {
        let folder = try ReportFolder()
        let hostile = "</script><script>x</script><!-- \u{202E}abc\u{0}\u{2028}\u{E0041} {{script}} &amp; é"
        let prompt = folder.path("prompt.txt")
        try hostile.write(toFile: prompt, atomically: true, encoding: .utf8)
        let name = "<b>\u{202E}\""
        let outcome = try Executable.run([
            "fuse", "-m", "\(name)=\(Executable.fixture("tiny-llama"))", "-f", prompt, "--raw", "-n", "4",
            "--report", folder.path("page.html"),
        ])
        #expect(outcome.code == 0, "\(outcome.error)")
        let page = try ReportPage(folder.path("page.html"))
        let messages = try #require(try page.data()["messages"] as? [[String: String]])
        #expect(messages == [["role": "user", "content": hostile]])
        #expect((try page.result()["models"] as? [[String: Any]])?.first?["name"] as? String == name)
        // The script's own tags: of the data and of the code.
        #expect(page.source.components(separatedBy: "</script").count == 3)
        #expect(page.source.components(separatedBy: "<!--").count == 2)
        #expect(!page.source.unicodeScalars.contains { ["\0", "\u{202E}", "\u{2028}", "\u{E0041}"].contains($0) })
    }

    /// The missing model would be 66: the path is looked at first.
    @Test func aPathThatCannotBeWrittenIsFoundBeforeTheRun() throws {
        let folder = try ReportFolder()
        try FileManager.default.createDirectory(atPath: folder.path("folder.html"), withIntermediateDirectories: true)
        mkfifo(folder.path("pipe.html"), 0o600)
        let cases: [(String, Int32)] = [
            (folder.path("absent/page.html"), 74), (folder.path("folder.html"), 74), (folder.path("pipe.html"), 74),
            (folder.path("page.gguf"), 64), ("", 64),
        ]
        for command in [["fuse", "-p", "x"], ["eval", "demo"]] {
            for (path, code) in cases {
                let outcome = try Executable.run(command + ["-m", "/absent.gguf", "--report", path])
                #expect(outcome.code == code, "\(path): \(outcome.error)")
                #expect(outcome.output.isEmpty && (path.isEmpty || outcome.error.contains(path)))
            }
        }
        #expect(folder.names == ["folder.html", "pipe.html"])
    }

    @Test func aFailedRunLeavesTheOldPage() throws {
        let folder = try ReportFolder()
        try "old".write(toFile: folder.path("page.html"), atomically: true, encoding: .utf8)
        let arguments = ["--report", folder.path("page.html")] + Self.models + Self.short
        #expect(try Executable.run(["fuse", "-c", "2"] + arguments).code == 1)
        #expect(try String(contentsOfFile: folder.path("page.html"), encoding: .utf8) == "old")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link.html"), withDestinationPath: folder.path("page.html"))
        #expect(
            try Executable.run(["fuse"] + Self.models + Self.short + ["--report", folder.path("link.html")]).code == 0)
        #expect(folder.names == ["link.html", "page.html"])
        #expect(try ReportPage(folder.path("page.html")).source.hasPrefix("<!doctype html>"))
    }

    @Test func anInterruptedRunIsReportedAsFarAsItGot() throws {
        let folder = try ReportFolder()
        let running = try Executable.start(Self.long + ["--report", folder.path("page.html")])
        let first = running.readSome()
        running.process.interrupt()
        let outcome = try running.finish(afterReading: first)
        #expect(outcome.code == 130)
        let page = try ReportPage(folder.path("page.html"))
        #expect(try page.result()["stop"] as? String == "cancelled")
        #expect(try text(page) == outcome.text && !outcome.text.isEmpty)
    }

    @Test func aReaderThatGoesAwayDoesNotCostThePage() throws {
        let folder = try ReportFolder()
        let running = try Executable.start(Self.long + ["--raw", "--report", folder.path("page.html")])
        let first = running.readSome()
        try running.closeOutput()
        let outcome = try running.finish()
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome.error)")
        #expect(try text(ReportPage(folder.path("page.html"))).hasPrefix(String(decoding: first, as: UTF8.self)))
    }

    @Test func theHeadroomPageShowsTheReport() throws {
        let folder = try ReportFolder()
        let outcome = try Executable.run([
            "eval", "demo", "--limit", "8", "--json", "-q", "--report", folder.path("page.html"),
        ])
        #expect(outcome.code == 0, "\(outcome.error)")
        let page = try ReportPage(folder.path("page.html"))
        let result = try page.result()
        #expect(NSDictionary(dictionary: result) == NSDictionary(dictionary: try outcome.json()))
        let labels = try #require(result["labels"] as? [[String: Any]])
        #expect(labels.count > 1 && labels.compactMap { $0["problems"] as? Int }.reduce(0, +) == 8)
        for (name, row) in try #require(result["strategies"] as? [String: [String: Any]]) {
            let interval = try #require(row["interval"] as? [Double])
            let accuracy = try #require(row["accuracy"] as? Double)
            #expect(interval[0] <= accuracy && accuracy <= interval[1])
            let correct = labels.compactMap { ($0["correct"] as? [String: Int])?[name] }.reduce(0, +)
            #expect(correct == row["correct"] as? Int)
        }
        for test in try #require(result["mcnemar"] as? [String: [String: Any]]).values {
            #expect(test["only_this"] is Int && test["only_versus"] is Int)
        }
    }

    @Test func anInterruptedEvaluationIsReportedAsFarAsItGot() throws {
        let folder = try ReportFolder()
        let journal = folder.path("journal.jsonl")
        let running = try Executable.start([
            "eval", "demo", "--strategies", "solo:demo-llama,default", "-q", "--journal", journal,
            "--report", folder.path("page.html"),
        ])
        let deadline = Date().addingTimeInterval(60)
        var lines = 0
        while lines < 3, Date() < deadline, running.process.isRunning {
            usleep(2000)
            lines = (try? String(contentsOfFile: journal, encoding: .utf8))?.split(separator: "\n").count ?? 0
        }
        running.process.interrupt()
        let outcome = try running.finish()
        #expect(outcome.code == 130 && outcome.text.contains("problems"))
        let result = try ReportPage(folder.path("page.html")).result()
        let done = try #require(result["problems"] as? Int)
        #expect(done >= 2 && done < 300 && result["planned"] as? Int == 300)
        #expect(folder.names == ["journal.jsonl", "page.html"])
    }
}
