// What a benchmark could reach at most: the slower of reading its memory and doing its arithmetic at the machine's measured
// limits (Williams, Waterman, Patterson 2009). Which cache a benchmark lives in decides which memory speed counts.
import CKernels

/// The units that do a benchmark's work.
enum Arithmetic { case f32, int8 }

/// The limits of one thread with one instruction set, measured when the benchmark starts.
struct Roofline {
    let isa: String
    let limits: machine_limits

    init(isa: String) {
        self.isa = isa
        limits = machine_limits_measure(isa)
    }

    /// (bytes of memory, bytes/s), ascending by size.
    var reads: [(size: Int, speed: Double)] {
        let (sizes, speeds) = (limits.sizes, limits.reads)
        return [
            (Int(sizes.0), speeds.0), (Int(sizes.1), speeds.1), (Int(sizes.2), speeds.2), (Int(sizes.3), speeds.3),
        ]
    }

    /// Seconds that one run takes at least.
    func seconds(_ benchmark: Benchmark) -> Double {
        let memory = benchmark.workingSet ?? benchmark.bytes
        let levels = reads
        let speed = (levels.first { $0.size >= memory } ?? levels[levels.count - 1]).speed
        let reading = Double(benchmark.bytes) / speed
        switch benchmark.arithmetic {
        case .f32: return max(reading, Double(benchmark.operations) / limits.f32)
        case .int8: return max(reading, Double(benchmark.operations) / limits.int8)
        case nil: return reading
        }
    }

    var json: String {
        let read = reads.map { fixed($0.speed * 1e-9, 1) }.joined(separator: ", ")
        return """
            {"isa": "\(isa)", "reads_gb_per_s": [\(read)], "f32_gop_per_s": \(fixed(limits.f32 * 1e-9, 1)), \
            "int8_gop_per_s": \(fixed(limits.int8 * 1e-9, 1))}
            """
    }

    var row: String {
        let read = reads.map { "\(fixed($0.speed * 1e-9, 0)) GB/s (\($0.size >> 10) KiB)" }.joined(separator: ", ")
        return
            "\(isa): reads \(read); f32 \(fixed(limits.f32 * 1e-9, 0)) GOP/s, int8 \(fixed(limits.int8 * 1e-9, 0)) GOP/s"
    }
}
