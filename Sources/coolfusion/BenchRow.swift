// One row of `coolfusion bench`, as a line of the table and as JSON.
// Without Foundation, which alone would add 6 MB to every command's resident memory.
import GGUF
import Glibc

struct BenchRow {
    /// What was measured: the columns that all rows of a model share.
    struct Subject {
        var name: String
        var byteCount: Int
        var weightBytes: Int
        var parameters: Int
        var threads: Int
        var isa: String
        /// Opening the file until the first pass can begin.
        var loadSeconds = 0.0

        init(model: ModelArgument, file: GGUFFile, threads: Int, isa: String) {
            name = model.name
            byteCount = file.byteCount
            weightBytes = file.tensors.reduce(0) { $0 + $1.byteCount }
            parameters = file.tensors.reduce(0) { $0 + $1.valueCount }
            self.threads = threads
            self.isa = isa
        }
    }

    var subject: Subject
    var test: String
    var tokens: Int
    var wallSeconds: [Double] = []
    var cpuSeconds: [Double] = []

    static let header =
        "| model | size | params | backend | threads | test | t/s | t/s (CPU time) |\n|---|--:|--:|---|--:|--:|--:|--:|"

    private func perSecond(_ seconds: [Double]) -> Double { Double(tokens) / max(BenchRow.median(seconds), 1e-9) }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    var tableLine: String {
        let size = decimals(Double(subject.byteCount) / 1_048_576, 2) + " MiB"
        let parameters = decimals(Double(subject.parameters) / 1e6, 2) + " M"
        let speeds = [wallSeconds, cpuSeconds].map { decimals(perSecond($0), 2) }
        return "| \(subject.name) | \(size) | \(parameters) | \(subject.isa) | \(subject.threads) | \(test) "
            + "| \(speeds[0]) | \(speeds[1]) |"
    }

    var json: JSON {
        // Generation reads every weight once a token; a prompt or a batch reads them once.
        let passes = test.hasPrefix("tg") ? tokens : 1
        return [
            "model": .string(subject.name), "bytes": .integer(subject.byteCount),
            "parameters": .integer(subject.parameters), "backend": .string(subject.isa), "test": .string(test),
            "tokens": .integer(tokens), "threads": .integer(subject.threads),
            "load_seconds": .number(subject.loadSeconds),
            "wall_seconds": .array(wallSeconds.map { .number($0) }),
            "cpu_seconds": .array(cpuSeconds.map { .number($0) }),
            "tokens_per_second": .number(perSecond(wallSeconds)),
            "tokens_per_cpu_second": .number(perSecond(cpuSeconds)),
            "bytes_per_second": .number(
                Double(passes * subject.weightBytes) / max(BenchRow.median(wallSeconds), 1e-9)),
        ]
    }
}

/// The machine a figure was measured on.
enum Machine {
    static var json: JSON {
        [
            "cpu": .string(value(of: "model name", separator: ":", in: "/proc/cpuinfo")),
            "cores": .integer(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            "memory_bytes": .integer(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))),
            "system": .string(value(of: "PRETTY_NAME", separator: "=", in: "/etc/os-release")),
        ]
    }

    /// Most memory that was resident so far, mapped weights included.
    static var peakBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    /// What the first line that begins with `key` says after the separator.
    private static func value(of key: String, separator: Character, in path: String) -> String {
        for line in ((try? readText(path)) ?? "").split(separator: "\n") where line.hasPrefix(key) {
            let parts = line.split(separator: separator, maxSplits: 1)
            let isFrame = { (character: Character) in character.isWhitespace || character == "\"" }
            if parts.count == 2 {
                return String(String(parts[1].drop(while: isFrame).reversed().drop(while: isFrame).reversed()))
            }
        }
        return "unknown"
    }
}
