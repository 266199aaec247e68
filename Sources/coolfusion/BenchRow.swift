// One row of `coolfusion bench`, as a line of the table and as JSON.
import Foundation
import GGUF

struct BenchRow {
    /// What was measured: the columns that all rows of a model share.
    struct Subject {
        var name: String
        var byteCount: Int
        var weightBytes: Int
        var parameters: Int
        var threads: Int
        var isa: String

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
        let size = String(format: "%.2f MiB", Double(subject.byteCount) / 1_048_576)
        let parameters = String(format: "%.2f M", Double(subject.parameters) / 1e6)
        let speeds = [wallSeconds, cpuSeconds].map { String(format: "%.2f", perSecond($0)) }
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
            "cpu": .string(cpuModel), "cores": .integer(ProcessInfo.processInfo.activeProcessorCount),
            "memory_bytes": .integer(Int(ProcessInfo.processInfo.physicalMemory)),
            "system": .string(ProcessInfo.processInfo.operatingSystemVersionString),
        ]
    }

    private static var cpuModel: String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        for line in info.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        }
        return "unknown"
    }
}
