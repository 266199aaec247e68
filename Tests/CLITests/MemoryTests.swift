// The memory plan as users meet it: refusal with 75 and what would help, the plan with -v, load modes and cache types.
import Foundation
import Testing

@Suite struct MemoryTests {
    private let model = Executable.fixture("tiny-llama")

    private func run(_ arguments: [String], memory: String? = nil) throws -> Executable.Outcome {
        try Executable.run(
            ["run", "-m", model, "--raw", "-p", "a", "-n", "2"] + arguments,
            environment: memory.map { ["COOLFUSION_MEMORY": $0] } ?? [:])
    }

    @Test func tooLittleMemoryIsRefusedBeforeLoading() throws {
        let outcome = try run([], memory: "1M")
        #expect(outcome.code == 75)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("not enough memory"))
        let long = try run(["-c", "100000"], memory: "10M")
        #expect(long.code == 75)
        let hint = try #require(long.error.firstMatch(of: /it would fit with -c ([0-9]+)/))
        #expect(try run(["-c", String(hint.1)], memory: "10M").code == 0)
    }

    @Test func allModelsCountTogether() throws {
        let other = Executable.fixture("tiny-qwen3")
        let arguments = ["fuse", "-m", model, "-m", other, "--raw", "-p", "a", "-n", "1", "-v"]
        let outcome = try Executable.run(arguments)
        #expect(outcome.error.contains("memory: model: weights"))
        let needed = try #require(outcome.error.firstMatch(of: /memory: ([0-9]+)\.[0-9] MiB in all/))
        let memory = ["COOLFUSION_MEMORY": "\(needed.1)M"]
        #expect(try Executable.run(["run", "-m", other, "--raw", "-p", "a", "-n", "1"], environment: memory).code == 0)
        #expect(try Executable.run(arguments, environment: memory).code == 75)
    }

    @Test func loadModesAndCacheTypesGiveTheSameText() throws {
        let mapped = try run(["--temp", "0"])
        #expect(mapped.code == 0)
        #expect(try run(["--temp", "0", "--load-mode", "read"]).text == mapped.text)
        #expect(try run(["--temp", "0", "--cache-type", "f32"]).text == mapped.text)
        #expect(try run(["--cache-type", "q8_0"]).error.contains("q8_0"))
    }

    @Test(arguments: [["--load-mode", "fast"], ["--cache-type", "automatic"], ["--cache-type", "q9"]])
    func unknownChoicesAreUsageErrors(arguments: [String]) throws {
        #expect(try run(arguments).code == 64)
    }
}
