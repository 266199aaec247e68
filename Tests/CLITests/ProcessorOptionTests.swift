// Which instruction set and how many threads a command uses: overrides work, and what cannot be is refused by name.
import Foundation
import Testing

@Suite struct ProcessorOptionTests {
    private let run = [
        "run", "-m", Executable.fixture("tiny-llama"), "-p", "The old man", "-n", "8", "--temp", "0", "-v",
    ]

    /// What runs on a CPU without AVX2: the same text, on the scalar reference.
    @Test func theScalarPathWritesTheSameText() throws {
        let expected = try Executable.run(run).text
        #expect(!expected.isEmpty)
        for outcome in try [
            Executable.run(run + ["--isa", "scalar"]), Executable.run(run, environment: ["COOLFUSION_ISA": "scalar"]),
        ] {
            #expect(outcome.code == 0 && outcome.text == expected)
            #expect(outcome.error.contains("CPU, scalar"))
        }
    }

    @Test func anUnknownInstructionSetIsRefused() throws {
        for outcome in try [
            Executable.run(run + ["--isa", "abacus"]), Executable.run(run, environment: ["COOLFUSION_ISA": "abacus"]),
            Executable.run(["bench", "-m", Executable.fixture("tiny-llama"), "--isa", "abacus"]),
        ] {
            #expect(outcome.code == 69)
            #expect(outcome.error.contains("'abacus'") && outcome.error.contains("scalar"))
        }
    }

    @Test(arguments: ["0", "1025", "1000000"]) func impossibleThreadCountsAreRefused(count: String) throws {
        for command in [run, ["bench", "-m", Executable.fixture("tiny-llama")]] {
            let outcome = try Executable.run(command + ["-t", count])
            #expect(outcome.code == 64)
            #expect(outcome.error.contains("-t must be") && outcome.error.contains(count))
        }
    }

    @Test func openBLASCanBeSwitchedOff() throws {
        let outcome = try Executable.run(run, environment: ["COOLFUSION_BLAS": "off"])
        #expect(outcome.code == 0)
        #expect(outcome.error.contains("CPU, ") && !outcome.error.contains("OpenBLAS"))
    }

    @Test func benchSaysWhatLoadingTookAndTheMemoryUsed() throws {
        let report = try Executable.run([
            "bench", "-m", Executable.fixture("tiny-llama"), "-p", "4", "-n", "0", "--batch", "0", "-r", "1", "--json",
        ]).json()
        let rows = try #require(report["results"] as? [[String: Any]])
        #expect(rows.count == 1 && rows.allSatisfy { $0["load_seconds"] as? Double ?? 0 > 0 })
        #expect(report["peak_bytes"] as? Int ?? 0 > 1 << 20)
    }
}
