// Two files of --json lines, benchmark by benchmark. One idea: a difference is one only where it exceeds the noise, which is
// the spread of both measurements and what the machine itself changed by between them, seen in its limits.
import FoundationEssentials
import Glibc

enum Compare {
    /// Differences below this are none, however quiet the machine.
    private static let leastNoise = 0.01

    /// One line of a file: the machine, the limits of an instruction set, or a benchmark.
    private struct Line: Decodable {
        var kernel_bench: Int?
        var model, cpu, features, commit: String?
        var isa: String?
        var reads_gb_per_s: [Double]?
        var f32_gop_per_s, int8_gop_per_s: Double?
        var name: String?
        var cpu_us, spread: Double?
    }

    struct Problem: Error, CustomStringConvertible { let description: String }

    private struct Report {
        let path: String
        let machine: Line
        /// By instruction set: everything the machine can do at most.
        var limits: [String: [Double]] = [:]
        var order: [String] = []
        var benchmarks: [String: (seconds: Double, spread: Double, isa: String)] = [:]
    }

    private static func read(_ path: String) throws(Problem) -> Report {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw Problem(description: "\(path) cannot be read")
        }
        var lines: [Line] = []
        for (number, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)) else {
                throw Problem(description: "\(path), line \(number + 1), is no JSON of kernel-bench")
            }
            lines.append(line)
        }
        guard let machine = lines.first, machine.kernel_bench == 1 else {
            throw Problem(description: "\(path) does not begin with the line that names the machine")
        }
        var report = Report(path: path, machine: machine)
        var isa = ""
        for line in lines.dropFirst() {
            if let named = line.isa {
                isa = named
                let arithmetic = [line.f32_gop_per_s, line.int8_gop_per_s].compactMap { $0 }
                report.limits[named] = (line.reads_gb_per_s ?? []) + arithmetic
            } else if let name = line.name, let seconds = line.cpu_us, let spread = line.spread, seconds > 0 {
                report.order.append(name)
                report.benchmarks[name] = (seconds, spread, isa)
            }
        }
        return report
    }

    /// The largest factor, as a logarithm, by which any limit of the machine differs between the two files.
    private static func drift(_ a: Report, _ b: Report, isa: String) -> Double {
        guard let first = a.limits[isa], let second = b.limits[isa], first.count == second.count else { return 0 }
        return zip(first, second).filter { $0 > 0 && $1 > 0 }.map { log($0 / $1).magnitude }.max() ?? 0
    }

    /// Prints one line a benchmark, ratios above 1 where B is faster. Throws for files of different machines.
    static func run(_ pathA: String, _ pathB: String) throws(Problem) {
        let (a, b) = (try read(pathA), try read(pathB))
        for (what, first, second) in [
            ("CPU", a.machine.cpu, b.machine.cpu), ("CPU features", a.machine.features, b.machine.features),
            ("model", a.machine.model, b.machine.model),
        ] where first != second {
            throw Problem(
                description: "not comparable: \(what) \(first ?? "unknown") in A, \(second ?? "unknown") in B")
        }
        for (letter, report) in [("A", a), ("B", b)] {
            print("\(letter): \(report.path), commit \(report.machine.commit ?? "unknown")")
        }
        var verdicts = ["faster": 0, "slower": 0, "within noise": 0]
        var logs: [Double] = []
        for name in a.order {
            guard let old = a.benchmarks[name], let new = b.benchmarks[name] else { continue }
            let change = log(old.seconds / new.seconds)
            let noise = max(leastNoise, (old.spread + new.spread) / 2 + drift(a, b, isa: old.isa))
            let verdict = change.magnitude <= noise ? "within noise" : change > 0 ? "faster" : "slower"
            verdicts[verdict, default: 0] += 1
            logs.append(change)
            print("\(name): \(fixed(exp(change), 3)), noise \(fixed(noise * 100, 1)) %: \(verdict)")
        }
        let alone =
            a.order.filter { b.benchmarks[$0] == nil }.count + b.order.filter { a.benchmarks[$0] == nil }.count
        guard !logs.isEmpty else { throw Problem(description: "the files have no benchmark in common") }
        let mean = exp(logs.reduce(0, +) / Double(logs.count))
        print(
            """
            \(verdicts["faster"] ?? 0) faster, \(verdicts["slower"] ?? 0) slower, \(verdicts["within noise"] ?? 0) within \
            noise, \(alone) in one file only; geometric mean of all ratios \(fixed(mean, 3))
            """)
    }
}
