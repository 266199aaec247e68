// `coolfusion inspect` and the frame every command shares: help, version, usage errors, broken pipes.
import Foundation
import Testing

@Suite struct InspectTests {
    @Test func listsMetadataAndTypes() throws {
        let outcome = try Executable.run(["inspect", Executable.fixture("tiny-qwen3")])
        #expect(outcome.code == 0)
        #expect(outcome.error.isEmpty)
        #expect(outcome.text.contains("general.architecture = \"qwen3\"\n"))
        #expect(outcome.text.contains("F32: 24 tensors, 133120 bytes"))
        #expect(!outcome.text.contains("token_embd.weight"))
    }

    @Test func listsTensorsWhenVerbose() throws {
        let outcome = try Executable.run(["inspect", "-v", Executable.fixture("tiny-llama-Q4_K_M")])
        #expect(outcome.text.contains("blk.0.attn_q.weight: Q4_K [256, 256], 36864 bytes"))
    }

    @Test func jsonHasEveryTensor() throws {
        let report = try Executable.run(["inspect", "--json", Executable.fixture("tiny-gpt2")]).json()
        #expect(report["version"] as? Int == 3)
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        #expect(tensors.count == 28)
        let embedding = try #require(tensors.first { $0["name"] as? String == "token_embd.weight" })
        #expect(embedding["shape"] as? [Int] == [307, 32])
        let metadata = try #require(report["metadata"] as? [String: Any])
        #expect((metadata["tokenizer.ggml.tokens"] as? [String])?.count == 307)
    }

    @Test func strictNamesTheRule() throws {
        #expect(try Executable.run(["inspect", "--strict", Executable.fixture("tiny-llama")]).code == 0)
        let outcome = try Executable.run(["inspect", "--strict", Executable.fixture("tiny-llama-Q8_0")])
        #expect(outcome.code == 65)
        #expect(outcome.error.hasPrefix("coolfusion: warning [quantizationVersion]"))
        #expect(outcome.text.contains("general.architecture"), "the file is shown all the same")
    }

    @Test func tellsTokenizerContextAndMemory() throws {
        let report = try Executable.run(["inspect", "--json", "-c", "1000", Executable.fixture("tiny-qwen2-Q8_0")])
            .json()
        #expect(report["kind"] as? String == "a model")
        #expect(report["context"] as? Int == 256)
        #expect((report["tokenizer"] as? [String: Any])?["model"] as? String == "gpt2")
        let bits = try #require(report["bits_per_weight"] as? Double)
        #expect(bits > 8.4 && bits < 32)
        let memory = try #require(report["memory"] as? [String: Any])
        #expect(memory["context"] as? Int == 1000)
        #expect((memory["total"] as? Int ?? 0) > (memory["cache"] as? Int ?? .max))
    }

    /// A file cannot make a terminal do anything: escape sequences and marks that turn text around are written out.
    @Test func hostileStringsAreEscaped() throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: Executable.fixture("tiny-qwen3")))
        let name = try #require(data.range(of: Data("blk.0.attn_q.weight".utf8)))
        data.replaceSubrange(name, with: Data("blk\u{1B}[2J\u{202E}.atqeight".utf8))
        let key = try #require(data.range(of: Data("qwen3.context_length".utf8)))
        data.replaceSubrange(key, with: Data("qwen3.\u{1B}]0;\u{07}xt_length".utf8).prefix(20))
        let file = try TemporaryFile(data)
        let outcome = try Executable.run(["inspect", "-v", file.path])
        #expect(outcome.text.contains("blk\\u{1b}[2J\\u{202e}"))
        #expect(!outcome.text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" || $0 == "\u{7}" })
        let strict = try Executable.run(["inspect", "--strict", file.path])
        #expect(strict.code == 65)
        #expect(strict.error.contains("[keyCharacters]"))
        #expect(!strict.error.contains("\u{1B}"))
    }

    @Test func helpAndVersionGoToStdout() throws {
        for arguments in [["--help"], ["--version"], ["inspect", "--help"]] {
            let outcome = try Executable.run(arguments)
            #expect(outcome.code == 0)
            #expect(!outcome.text.isEmpty)
            #expect(outcome.error.isEmpty)
        }
    }

    @Test(arguments: [["inspect"], ["inspect", "--no-such-flag", "x"], ["no-such-command"]])
    func usageErrorsAre64(arguments: [String]) throws {
        let outcome = try Executable.run(arguments)
        #expect(outcome.code == 64)
        #expect(outcome.output.isEmpty)
        #expect(!outcome.error.isEmpty)
    }

    @Test func aBrokenPipeEndsQuietly() throws {
        let running = try Executable.start(["inspect", "--json", Executable.fixture("tiny-llama")])
        try running.closeOutput()
        let outcome = try running.finish()
        #expect(outcome.code == 0)
        #expect(outcome.error.isEmpty)
    }

    @Test func aFullDeviceIsAnOutputError() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = [
            "-c", "\"$0\" inspect \"$1\" > /dev/full 2> /dev/null", Executable.path.path,
            Executable.fixture("tiny-llama"),
        ]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 74)
    }
}
