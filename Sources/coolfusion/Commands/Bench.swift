// `coolfusion bench`: how fast a model runs here, in the tests and rows that llama-bench made customary.
// CPU time is the process's own: at one thread it repeats within a few percent even on a busy machine; wall time does not.
import ArgumentParser
import Compute
import GGUF
import Inference
import Transformer

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure prompt processing, generation and batched scoring.",
        discussion: """
            ppN: a prompt of N tokens, logits of the last. tgN: N tokens one after another. batchN: one forward of N rows \
            with logits of every row, after -d tokens: the cost of scoring N tokens against a long prefix. \
            Each test runs once to warm up, then -r times.
            """)

    enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(name: .shortAndLong, help: "The model; repeat for several.")
    var model: [ModelArgument]

    @Option(name: [.customShort("p"), .customLong("prompt-tokens")], help: "Lengths of prompts, for example 16,128.")
    var prompt = CountList([128])

    @Option(name: [.customShort("n"), .customLong("generate")], help: "Numbers of tokens to generate.")
    var generate = CountList([32])

    @Option(help: "Numbers of rows in one forward.")
    var batch = CountList([1, 2, 4, 8, 16, 32])

    @Option(name: .shortAndLong, help: "Tokens before the rows of a batch.")
    var depth = 256

    @Option(name: .shortAndLong, help: "Repetitions of each test.")
    var repetitions = 3

    @Option(name: .shortAndLong, help: "Numbers of threads (default: the machine's cores).")
    var threads: CountList?

    @Option(help: "Instruction set of the kernels (default: the best).")
    var isa: String?

    @Option(help: ArgumentHelp("Where to compute: cpu, vulkan or vulkan:N.", valueName: "device"))
    var device = "cpu"

    @Option(name: .shortAndLong, help: "table or json.")
    var output = OutputFormat.table

    @Flag(help: "The same as -o json.")
    var json = false

    func validate() throws {
        guard repetitions >= 1 else { throw ValidationError("-r must be at least 1, found \(repetitions)") }
        guard depth >= 0 else { throw ValidationError("-d must not be negative, found \(depth)") }
        if let threads { for count in threads.counts.isEmpty ? [0] : threads.counts { try ThreadCount.check(count) } }
    }

    func run() throws {
        var rows: [BenchRow] = []
        let asJSON = json || output == .json
        if !asJSON { try StandardOutput.write(BenchRow.header + "\n") }
        for model in model {
            for threads in threads?.counts ?? [CPUBackend.availableCores] {
                try measure(model, threads: threads) { row in
                    if !asJSON { try StandardOutput.write(row.tableLine + "\n") }
                    rows.append(row)
                }
            }
        }
        if asJSON {
            try StandardOutput.line([
                "machine": Machine.json, "peak_bytes": .integer(Machine.peakBytes),
                "results": .array(rows.map(\.json)),
            ])
        }
    }

    private func measure(_ model: ModelArgument, threads: Int, _ report: (BenchRow) throws -> Void) throws {
        var options = ModelOptions()
        options.threads = threads
        options.isa = isa
        options.device = try DeviceChoice(option: device)
        let backend = try options.chooseBackend().backend
        try loading(model.path) {
            let clock = Stopwatch()
            let file = try GGUFFile(path: model.path)
            options.force = true  // no text is read or written here, but loading a model includes its vocabulary
            let decoder = try Model(file: file, options: options, backend: backend).decoder
            let longest = [depth + (batch.counts.max() ?? 0), prompt.counts.max() ?? 0, generate.counts.max() ?? 0]
            let cache = try decoder.makeCache(context: (longest.max() ?? 0) + 1)
            let start = cache.checkpoint()
            var subject = BenchRow.Subject(model: model, file: file, threads: threads, isa: decoder.backend.name)
            subject.loadSeconds = clock.seconds
            let vocabulary = decoder.config.vocabularySize
            func tokens(_ count: Int, from position: Int = 0) -> [Int32] {
                (0..<count).map { Int32((100 + (position + $0) * 7) % vocabulary) }
            }
            func decode(_ ids: [Int32], want: Want = .lastLogits) throws {
                _ = try decoder.forward([Run(cache: cache, tokens: ids, want: want)])
            }
            for count in prompt.counts {
                try report(
                    repeated("pp\(count)", count, subject, before: { try cache.rollback(to: start) }) {
                        try decode(tokens(count))
                    })
            }
            for count in generate.counts {
                try report(
                    repeated("tg\(count)", count, subject, before: { try cache.rollback(to: start) }) {
                        for position in 0..<count { try decode(tokens(1, from: position)) }
                    })
            }
            try cache.rollback(to: start)
            for position in stride(from: 0, to: batch.counts.isEmpty ? 0 : depth, by: 512) {
                try decode(tokens(min(512, depth - position), from: position), want: .nothing)
            }
            let filled = cache.checkpoint()
            for count in batch.counts {
                try report(
                    repeated("batch\(count)", count, subject, before: { try cache.rollback(to: filled) }) {
                        try decode(tokens(count, from: depth), want: .allLogits)
                    })
            }
        }
    }

    private func repeated(
        _ test: String, _ tokens: Int, _ subject: BenchRow.Subject, before: () throws -> Void, _ work: () throws -> Void
    ) throws -> BenchRow {
        var row = BenchRow(subject: subject, test: test, tokens: tokens)
        for repetition in 0...repetitions {
            try before()
            let clock = Stopwatch()
            try work()
            if repetition > 0 {
                row.wallSeconds.append(clock.seconds)
                row.cpuSeconds.append(clock.cpuSeconds)
            }
        }
        return row
    }
}

/// Positive whole numbers separated by commas; "0" alone is none.
struct CountList: ExpressibleByArgument {
    var counts: [Int]

    init(_ counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        let counts = argument.split(separator: ",").map { Int($0) }
        guard !counts.isEmpty, counts.allSatisfy({ $0 ?? -1 >= 0 && $0 ?? 0 <= 1 << 20 }) else { return nil }
        self.counts = counts.compactMap { $0 }.filter { $0 > 0 }
    }

    var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}
