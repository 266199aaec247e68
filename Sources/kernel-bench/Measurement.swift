// Timing of one closure by process CPU time, which a busy machine disturbs less than the wall clock; and its report.
import Glibc

struct Benchmark {
    let name: String
    /// Memory that one run must read, and arithmetic operations it does.
    let bytes, operations: Int
    /// Largest difference from the reference over the largest result, and the bound it must keep.
    let error: () -> Double
    let bound: Double
    let run: () -> Void
    /// What does the operations; nil where memory alone is the limit.
    var arithmetic: Arithmetic?
    /// Bytes of memory that runs go through before they come back to the first; nil: `bytes`.
    var workingSet: Int?
}

struct Measurement {
    let name: String
    let seconds, spread: Double
    /// Of what the machine could do at most.
    let share: Double
    let bytes, operations: Int
    var gigabytesPerSecond: Double { Double(bytes) / seconds * 1e-9 }
    var gigaoperationsPerSecond: Double { Double(operations) / seconds * 1e-9 }

    /// The median of `samples` samples of at least 10 ms CPU time each; spread is (90th - 10th percentile) / median.
    init(_ benchmark: Benchmark, under roofline: Roofline, samples: Int = 11) {
        var runs = 1
        while Self.time(runs, benchmark.run) < 0.01 { runs *= 2 }
        let times = (0..<samples).map { _ in Self.time(runs, benchmark.run) / Double(runs) }.sorted()
        (name, bytes, operations) = (benchmark.name, benchmark.bytes, benchmark.operations)
        seconds = times[samples / 2]
        spread = (times[samples * 9 / 10] - times[samples / 10]) / seconds
        share = roofline.seconds(benchmark) / seconds
    }

    private static func time(_ runs: Int, _ body: () -> Void) -> Double {
        let start = cpuSeconds()
        for _ in 0..<runs { body() }
        return cpuSeconds() - start
    }

    private static func cpuSeconds() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }

    var json: String {
        """
        {"name": "\(name)", "cpu_us": \(fixed(seconds * 1e6, 3)), "spread": \(fixed(spread, 4)), \
        "gb_per_s": \(fixed(gigabytesPerSecond, 2)), "gop_per_s": \(fixed(gigaoperationsPerSecond, 2)), \
        "share_of_limit": \(fixed(share, 4))}
        """
    }

    var row: String {
        pad(name, 52) + left(fixed(seconds * 1e6, 1), 12) + left(fixed(spread * 100, 1), 9)
            + left(fixed(gigabytesPerSecond, 1), 9) + left(fixed(gigaoperationsPerSecond, 1), 9)
            + left(fixed(share * 100, 0), 9)
    }

    static let heading =
        pad("kernel", 52) + left("cpu us", 12) + left("spread %", 9) + left("GB/s", 9) + left("GOP/s", 9)
        + left("limit %", 9)
}

private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}

private func left(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
}

/// A number with this many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let scaled = Int64((value.magnitude * scale).rounded())
    let digits = String(scaled)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = value < 0 && scaled != 0 ? "-" : ""
    return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}

/// max |a - b| / max |b|, infinite if anything is not finite.
func relativeError(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
        guard x.isFinite, y.isFinite else { return .infinity }
        difference = max(difference, Double((x - y).magnitude))
        size = max(size, Double(y.magnitude))
    }
    return size > 0 ? difference / size : difference
}
