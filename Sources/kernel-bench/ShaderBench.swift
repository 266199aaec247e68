// Speed of the products' shaders on a Vulkan device, by the wall clock: correctness first, then GB/s, GFLOP/s and the share
// of the bandwidth that the same device reaches when it copies. A wrong shader gets no number and makes the exit code 1.
import CKernels
import Compute
import Glibc
import VulkanCompute

enum ShaderBench {
    static let columns = [1, 2, 4, 8, 32, 128]
    /// Weights of one benchmark, at least: more than the caches of most GPUs hold.
    private static let weightBytes = 128 << 20
    /// Tokens of a large vocabulary (Llama 3).
    private static let vocabulary = 128_256

    /// False if something computes wrongly. Throws VulkanError or ComputeError.
    static func run(_ shape: ModelShape, _ options: Options, device index: Int?) throws -> Bool {
        let instance = try Instance()
        let device = try Device(try instance.device(index), of: instance)
        let failed = try SelfTest.run(on: device).failed
        for variant in failed { print("WRONG \(variant)") }
        let backend = try VulkanBackend(device, switchedOff: Set(failed))
        let copied = try copyBandwidth(backend)
        if !options.json {
            print("\(backend.name): copies \(fixed(copied, 1)) GB/s")
            print("recording: \(fixed(try recordingSeconds(backend) * 1e6, 2)) microseconds of CPU time a dispatch")
            let choices = try greedySeconds(backend).map { fixed($0 * 1e6, 0) }
            print("greedy choice among \(vocabulary) logits: \(choices[0]) microseconds; ", terminator: "")
            print("with the row read \(choices[1]), \(choices[2]) of these on the host")
            print("integer dot products: \(backend.arithmetic.contains(.integerDot) ? "used" : "not used")")
            print("cooperative matrices: \(backend.arithmetic.contains(.matrices) ? "used" : "not used")")
            print(heading)
        }
        for type in WeightType.all where options.type == nil || type.label == options.type {
            for matrix in shape.matrices {
                guard let rowBytes = type.rowBytes(matrix.k) else { continue }
                for n in columns {
                    let name = "matmul \(type.label) \(matrix.role) \(matrix.rows)x\(matrix.k) n=\(n)"
                    guard options.filter.isEmpty || name.contains(options.filter) else { continue }
                    let seconds = try product(backend, type, rows: matrix.rows, k: matrix.k, n: n)
                    let bytes = Double(matrix.rows * rowBytes) / seconds * 1e-9
                    let operations = 2 * Double(matrix.rows * matrix.k * n) / seconds * 1e-9
                    print(row(name, seconds, bytes, operations, share: bytes / copied, json: options.json))
                    fflush(nil)
                }
            }
        }
        return failed.isEmpty
    }

    /// Seconds of one product; every pass takes another copy of the weights.
    private static func product(_ backend: VulkanBackend, _ type: WeightType, rows: Int, k: Int, n: Int) throws
        -> Double
    {
        let rowBytes = type.rowBytes(k) ?? 0
        let copies = max(1, weightBytes / (rows * rowBytes))
        let memory = Memory(weights: type, k: k, rows: rows, rowBytes: rowBytes)
        let bytes = UnsafeRawBufferPointer(start: memory.base, count: rows * rowBytes)
        let weights = try (0..<copies).map { _ in
            try backend.weight(bytes, owner: backend, type: type.type, shape: [rows, k])
        }
        let x = try backend.makeTensor(type: tensor_type_f32, shape: [n, k])
        let y = try backend.makeTensor(type: tensor_type_f32, shape: [n, rows])
        return try median { passes in
            for pass in 0..<passes {
                backend.project(x, through: [Projection(weights[pass % copies], into: y)])
            }
            _ = try backend.read(y.rowSlice(0..<1))
        }
    }

    /// CPU seconds to record one dispatch, hazards and barriers included: norms and products in turn, as in a forward pass.
    private static func recordingSeconds(_ backend: VulkanBackend) throws -> Double {
        let weight = try backend.makeTensor(type: tensor_type_f32, shape: [8, 32])
        let (x, h) = (
            try backend.makeTensor(type: tensor_type_f32, shape: [1, 32]),
            try backend.makeTensor(type: tensor_type_f32, shape: [1, 32])
        )
        let outputs = try (0..<3).map { _ in try backend.makeTensor(type: tensor_type_f32, shape: [1, 8]) }
        let projections = outputs.map { Projection(weight, into: $0) }
        let norm = Norm(kind: .rms, width: 32, weight: nil, epsilon: 1e-5)
        let rounds = 500
        let times = try (0..<5).map { _ in
            _ = try backend.read(x)
            let start = threadSeconds()
            for _ in 0..<rounds {
                backend.normalize(x, with: norm, into: h)
                backend.project(h, through: projections)
            }
            return (threadSeconds() - start) / Double(4 * rounds)
        }
        _ = try backend.read(x)
        return times.sorted()[2]
    }

    /// Seconds to choose a token greedily from a row that is kept on the device, from one that is read, and from one that was.
    private static func greedySeconds(_ backend: VulkanBackend) throws -> [Double] {
        let logits = try backend.makeTensor(type: tensor_type_f32, shape: [1, vocabulary])
        backend.write((0..<vocabulary).map { Float($0 % 997) / 50 }, to: logits)
        func seconds(_ rows: () throws -> [any LogitRow]) throws -> Double {
            try median { passes in
                for _ in 0..<passes {
                    for row in try rows() {
                        let best = row.argmax
                        _ = try row.logProbabilities(of: [best])
                    }
                }
            }
        }
        let known = try backend.readRows([0], of: logits)
        let rows = [{ try backend.keep([0], of: logits) }, { try backend.readRows([0], of: logits) }, { known }]
        return try rows.map(seconds)
    }

    private static func threadSeconds() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }

    /// GB/s of a copy of 64 MiB, reading and writing counted.
    private static func copyBandwidth(_ backend: VulkanBackend) throws -> Double {
        let (rows, width) = (256, 1 << 16)
        let from = try backend.makeTensor(type: tensor_type_f32, shape: [rows, width])
        let to = try backend.makeTensor(type: tensor_type_f32, shape: [rows, width])
        let seconds = try median { passes in
            for _ in 0..<passes { backend.gather(Array(0..<rows), of: from, into: to) }
            _ = try backend.read(to.rowSlice(0..<1))
        }
        return Double(2 * rows * width * 4) / seconds * 1e-9
    }

    /// Median seconds of one pass over 5 samples of at least 20 ms.
    private static func median(_ body: (_ passes: Int) throws -> Void) throws -> Double {
        func time(_ passes: Int) throws -> Double {
            let start = wallSeconds()
            try body(passes)
            return wallSeconds() - start
        }
        _ = try time(1)
        var passes = 1
        while try time(passes) < 0.02 { passes *= 2 }
        return try (0..<5).map { _ in try time(passes) / Double(passes) }.sorted()[2]
    }

    private static func wallSeconds() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }

    private static let heading = "product, microseconds, GB/s, GFLOP/s, share of the copy's bandwidth"

    private static func row(
        _ name: String, _ seconds: Double, _ bytes: Double, _ operations: Double, share: Double, json: Bool
    ) -> String {
        let numbers = [seconds * 1e6, bytes, operations, share].map { fixed($0, 3) }
        guard json else { return ([name] + numbers).joined(separator: ", ") }
        return """
            {"name": "\(name)", "wall_us": \(numbers[0]), "gb_per_s": \(numbers[1]), "gflop_per_s": \(numbers[2]), \
            "share_of_copy": \(numbers[3])}
            """
    }
}
