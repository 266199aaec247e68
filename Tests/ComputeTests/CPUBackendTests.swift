// Each operation of the CPU backend on random data against plain Double loops, and against itself with other threads.
// Tolerances: eps * sqrt(k) * |a| |b| for sums of k products; conversions to 8 bits are the kernel tests' business.

import CKernels
import Glibc
import Testing

@testable import Compute

/// Repeatable noise.
struct Noise {
    private var generator = SystemRandomNumberGeneratorWithSeed(state: 1)
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in Float.random(in: -scale...scale, using: &generator) }
    }
}

struct SystemRandomNumberGeneratorWithSeed: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

extension Backend {
    func tensor(_ values: [Float], _ shape: Int...) throws -> Tensor {
        let tensor = try makeTensor(type: tensor_type_f32, shape: shape)
        tensor.floats.update(from: values, count: values.count)
        return tensor
    }

    /// NaN-filled, so what is not written shows.
    func output(_ shape: Int...) throws -> Tensor {
        let tensor = try makeTensor(type: tensor_type_f32, shape: shape)
        tensor.floats.update(repeating: .nan, count: shape.reduce(1, *))
        return tensor
    }
}

struct CPUBackendTests {
    static let backends: [CPUBackend] = [(1, false), (2, false), (2, true)].compactMap {
        try? CPUBackend(threads: $0.0, blas: $0.1)
    }

    @Test(arguments: backends, [1, 3, 63, 64, 130])
    func projectIsTheProductPlusBias(_ backend: CPUBackend, rows: Int) throws {
        var noise = Noise()
        let (k, out) = (96, 301)
        let (x, w, b) = (noise.floats(rows * k), noise.floats(out * k), noise.floats(out))
        let y = try backend.output(rows, out)
        let weight = try backend.tensor(w, out, k)
        backend.project(
            try backend.tensor(x, rows, k),
            through: [
                Projection(weight, bias: try backend.tensor(b, out), into: y)
            ])
        let values = try backend.read(y)
        for row in 0..<rows {
            for o in 0..<out {
                var sum = Double(b[o])
                var norms = (0.0, 0.0)
                for i in 0..<k {
                    sum += Double(x[row * k + i]) * Double(w[o * k + i])
                    norms.0 += Double(x[row * k + i] * x[row * k + i])
                    norms.1 += Double(w[o * k + i] * w[o * k + i])
                }
                let tolerance = Double(Float.ulpOfOne) * Double(k).squareRoot() * (norms.0 * norms.1).squareRoot()
                #expect(abs(Double(values[row * out + o]) - sum) <= tolerance + 1e-6)
            }
        }
    }

    @Test(arguments: (0..<tensor_type_count.rawValue).map { tensor_type(rawValue: $0) })
    func projectionsOfAnyTypeAreTheirDots(_ type: tensor_type) throws {
        let info = tensor_type_get(type).pointee
        guard info.dot != nil, let quantize = info.quantize else { return }
        var noise = Noise()
        let (k, out, rows) = (512, 70, 5)
        let backend = CPUBackendTests.backends[1]
        let weight = try backend.makeTensor(type: type, shape: [out, k])
        quantize(noise.floats(out * k), weight.bytes, out * k / Int(info.block_size))
        var dequantized = [Float](repeating: 0, count: out * k)
        info.dequantize(weight.bytes, &dequantized, out * k / Int(info.block_size))
        let x = noise.floats(rows * k)
        let (y, again) = (try backend.output(rows, out), try backend.output(rows, 30))
        let input = try backend.tensor(x, rows, k)
        backend.project(
            input,
            through: [
                Projection(weight, into: y), Projection(weight.rowSlice(40..<70), into: again),
            ])
        let (values, part) = (try backend.read(y), try backend.read(again))
        for row in 0..<rows {
            #expect(Array(values[row * out + 40..<row * out + 70]) == Array(part[row * 30..<row * 30 + 30]))
            for o in 0..<out {
                let exact = (0..<k).reduce(0.0) { $0 + Double(x[row * k + $1]) * Double(dequantized[o * k + $1]) }
                // Activations in 8 bits are off by at most 1/254 of their block's largest value: 1 here.
                let weights = (0..<k).reduce(0.0) { $0 + Double(dequantized[o * k + $1] * dequantized[o * k + $1]) }
                #expect(abs(Double(values[row * out + o]) - exact) <= 6.0 / 254 * weights.squareRoot() + 1e-4)
            }
        }
    }

    @Test(arguments: backends)
    func expertsAreWeightedSums(_ backend: CPUBackend) throws {
        var noise = Noise()
        let (n, width, hidden, count) = (7, 16, 24, 4)
        let x = try backend.tensor(noise.floats(n * width), n, width)
        let networks = try (0..<count).map { _ in
            Experts.FeedForward(
                gate: try backend.tensor(noise.floats(hidden * width), hidden, width),
                up: try backend.tensor(noise.floats(hidden * width), hidden, width),
                down: try backend.tensor(noise.floats(hidden * width), width, hidden))
        }
        let router = try backend.tensor(noise.floats(count * width), count, width)
        var experts = Experts(router: router, networks: networks, used: count)
        let y = try backend.output(n, width)
        backend.mixExperts(x, experts: experts, into: y)
        let everything = try backend.read(y)
        // All experts used: the sum over networks, each by its softmax weight.
        var expected = [Double](repeating: 0, count: n * width)
        for row in 0..<n {
            let scores = dot(router, x, row).map { exp($0) }
            for (network, score) in zip(networks, scores) {
                guard let gate = network.gate else { continue }
                let g = dot(gate, x, row).map { $0 / (1 + exp(-$0)) }
                let h = zip(g, dot(network.up, x, row)).map { $0 * $1 }
                for o in 0..<width {
                    for i in 0..<hidden {
                        expected[row * width + o] +=
                            score / scores.reduce(0, +) * h[i] * Double(network.down.floats[o * hidden + i])
                    }
                }
            }
        }
        for (a, b) in zip(everything, expected) { #expect(abs(Double(a) - b) < 1e-4) }
        // One expert used: its weight is renormalised to 1, so the row is that expert's output.
        experts.used = 1
        backend.mixExperts(x, experts: experts, into: y)
        experts.networks[0] = experts.networks[1]
        #expect(try backend.read(y) != everything)
    }

    /// Row `row` of x times every row of a weight.
    func dot(_ weight: Tensor, _ x: Tensor, _ row: Int) -> [Double] {
        (0..<weight.rows).map { o in
            (0..<weight.columns).reduce(0.0) {
                $0 + Double(x.floats[row * x.columns + $1]) * Double(weight.floats[o * weight.columns + $1])
            }
        }
    }

    @Test func copiedCellsKeepTheirHeads() throws {
        let backend = CPUBackendTests.backends[0]
        let cache = try backend.makeTensor(type: tensor_type_f32, shape: [2, 6, 4])
        let rows = try backend.tensor((0..<24).map(Float.init), 3, 8)
        backend.store(rows, in: cache, cells: [1, 3, 4][...])
        backend.copyCells([CellMove(from: 3, to: 2, count: 2)], from: cache, to: cache)
        let values = try backend.read(cache)
        let zeros: [Float] = [0, 0, 0, 0]
        let head0: [Float] = zeros + [0, 1, 2, 3] + [8, 9, 10, 11] + [16, 17, 18, 19] + [16, 17, 18, 19] + zeros
        let head1: [Float] = zeros + [4, 5, 6, 7] + [12, 13, 14, 15] + [20, 21, 22, 23] + [20, 21, 22, 23] + zeros
        #expect(values == head0 + head1)
    }

    @Test func logProbabilitiesSumToOne() throws {
        let backend = CPUBackendTests.backends[1]
        var noise = Noise()
        let width = 1000
        let logits = try backend.tensor(noise.floats(width, scale: 20), 1, width)
        var sum = 0.0
        for target in 0..<Int32(width) {
            let row = try backend.logProbabilities(of: [target][...], logits: logits)
            sum += exp(Double(row[0]))
        }
        #expect(abs(sum - 1) < 1e-4)
        #expect(try backend.logProbabilities(of: [nil][...], logits: logits) == [0])
    }

    @Test func clampedSwiGLU() throws {
        let backend = CPUBackendTests.backends[0]
        let gate = try backend.tensor([1, 9, -3], 1, 3)
        let up = try backend.tensor([0.5, 9, -9], 1, 3)
        backend.activate(.clampedSwiGLU, gate: gate, up: up, into: up)
        let sigmoid = { (v: Double) in 1 / (1 + exp(-v)) }
        let expected = [1 * sigmoid(1.702) * 1.5, 7 * sigmoid(7 * 1.702) * 8, -3 * sigmoid(-3 * 1.702) * -6]
        for (a, b) in zip(try backend.read(up), expected) { #expect(abs(Double(a) - b) < 1e-5) }
    }

    @Test func impossibleBackendsAreRefused() throws {
        #expect(throws: ComputeError.unknownISA(name: "abacus", known: CPUBackend.availableISAs)) {
            try CPUBackend(threads: 1, isa: "abacus")
        }
        #expect(throws: ComputeError.noThreads(requested: 0)) { try CPUBackend(threads: 0) }
        #expect(try CPUBackend(threads: 1, isa: "scalar").isa == "scalar")
        #expect(CPUBackend.availableISAs.first == "scalar")
        let backend = try CPUBackend(threads: 1)
        #expect(throws: ComputeError.self) { try backend.makeTensor(type: tensor_type_f32, shape: [.max, 2]) }
        #expect(throws: ComputeError.self) { try backend.makeTensor(type: tensor_type_f32, shape: [1 << 50]) }
        let bytes = [UInt8](repeating: 0, count: 12)
        let owner = ScratchMemory(workers: 1)
        _ = bytes.withUnsafeBytes { bytes in
            #expect(throws: ComputeError.wrongByteCount(expected: 16, found: 12)) {
                try backend.weight(bytes, owner: owner, type: tensor_type_f32, shape: [2, 2])
            }
        }
    }
}
