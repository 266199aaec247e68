// `coolfusion tokenize` against the ids recorded beside the fixtures, and its refusals.
import Foundation
import Testing

@Suite struct TokenizeTests {
    struct Golden: Decodable {
        struct Strings: Decodable { var strings: [Row] }
        struct Row: Decodable {
            var text: String
            var add_special: [Int32]
            var no_special: [Int32]
        }
        var tokenization: Strings
    }

    static let names = ["tiny-llama", "tiny-qwen2", "tiny-qwen3", "tiny-gpt2"]

    static func golden(_ name: String) throws -> [Golden.Row] {
        let path = Executable.root.appendingPathComponent("Tests/Fixtures/logits/\(name)/cases.json")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path)).tokenization.strings
    }

    @Test(arguments: names) func jsonLinesGiveTheRecordedIDs(name: String) throws {
        let rows = try Self.golden(name)
        let encoder = JSONEncoder()
        let input = try rows.map { String(decoding: try encoder.encode(["text": $0.text]), as: UTF8.self) + "\n" }
            .joined()
        for special in [true, false] {
            let arguments =
                ["tokenize", "-m", Executable.fixture(name), "--jsonl"] + (special ? ["--add-special"] : [])
            let outcome = try Executable.run(arguments, input: input)
            #expect(outcome.code == 0)
            let lines = outcome.text.split(separator: "\n").map(String.init)
            try #require(lines.count == rows.count)
            for (line, row) in zip(lines, rows) {
                let answer = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect(
                    answer["ids"] as? [Int] == (special ? row.add_special : row.no_special).map(Int.init), "\(row.text)"
                )
            }
        }
    }

    @Test(arguments: names) func decodingGivesTheTextBack(name: String) throws {
        for row in try Self.golden(name) where !row.no_special.isEmpty {
            let ids = row.no_special.map { String($0) }.joined(separator: ",")
            let outcome = try Executable.run(["tokenize", "-m", Executable.fixture(name), "--decode", "-p", ids])
            #expect(outcome.text == row.text + "\n")
        }
    }

    @Test func plainOutputIsIDs() throws {
        let outcome = try Executable.run([
            "tokenize", "-m", Executable.fixture("tiny-qwen3"), "-p", "ab<|im_end|>", "--parse-special",
        ])
        #expect(outcome.text.hasSuffix(" 328\n"))
    }

    @Test(arguments: ["{\"ids\":[1]}", "not json", "[]", "{\"text\":1}", "{\"text\":\"\u{1}"])
    func aWrongLineIs65(line: String) throws {
        let outcome = try Executable.run(
            ["tokenize", "-m", Executable.fixture("tiny-gpt2"), "--jsonl"], input: "\n\(line)\n")
        expectOneSentence(outcome, code: 65, saying: ["line 2"])
    }

    @Test(arguments: [["--decode", "-p", "1,307"], ["--decode", "-p", "-1"], ["--decode", "-p", "x"], []])
    func wrongArgumentsAre64(arguments: [String]) throws {
        let outcome = try Executable.run(["tokenize", "-m", Executable.fixture("tiny-gpt2")] + arguments)
        #expect(outcome.code == 64)
        #expect(outcome.output.isEmpty)
    }

    @Test func invalidUTF8IsRefusedNotRepaired() throws {
        let shell = Process()
        let errors = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = [
            "-c", "exec \"$0\" tokenize -m \"$1\" -p \"$(printf 'a\\377b')\"", Executable.path.path,
            Executable.fixture("tiny-gpt2"),
        ]
        shell.standardError = errors
        try shell.run()
        let message = try errors.fileHandleForReading.readToEnd() ?? Data()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 64)
        #expect(String(decoding: message, as: UTF8.self).contains("is not valid UTF-8"))
    }
}
