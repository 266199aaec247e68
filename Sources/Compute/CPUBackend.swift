// The CPU backend: kernels of one instruction set, a thread pool, memory of the process.
// One idea: every operation is cut into chunks whose bits do not depend on the cut, so results are the same for any
// number of threads. Operations of concurrent callers take turns; scratch memory is kept between operations.
// Products stand in CPUBackend+Matmul, attention in CPUBackend+Attention, experts in CPUBackend+Experts.

import CKernels
import Glibc
import Synchronization

public final class CPUBackend: Backend, @unchecked Sendable {
    typealias Matmul = @convention(c) (UnsafePointer<matmul_args>?) -> Void
    typealias Quantize = @convention(c) (UnsafePointer<Float>?, UnsafeMutableRawPointer?, Int) -> Void

    let kernels: kernel_table
    let matmulKernels: [Matmul?]
    let interleavedKernels: [Matmul?]
    let quantizers: [Quantize?]
    /// Per tensor type: whether its matmul is more than the scalar reference.
    let hasOwnKernel: [Bool]
    /// The same of its interleaved form.
    let hasInterleavedKernel: [Bool]
    let pool: ThreadPool
    /// Whether long prompts may go through OpenBLAS.
    public let usesBLAS: Bool
    private let turn = Mutex<Void>(())
    /// Used only by the operation whose turn it is.
    let scratch: ScratchMemory

    public var threads: Int { pool.threads }
    public var isa: String { String(cString: kernels.isa) }
    public var name: String {
        "CPU, \(isa), \(threads) thread\(threads == 1 ? "" : "s")" + (usesBLAS ? ", OpenBLAS" : "")
    }

    /// `isa` nil: the best this CPU has (or COOLFUSION_ISA names); `blas` false, or COOLFUSION_BLAS=off: our kernels only;
    /// `repack` false, or COOLFUSION_REPACK=off: weights stay as the file has them.
    public init(
        threads: Int = CPUBackend.availableCores, isa: String? = nil, blas: Bool = true, repack: Bool = true
    ) throws(ComputeError) {
        let wanted = isa ?? getenv("COOLFUSION_ISA").map { String(cString: $0) }
        guard let table = wanted.map({ kernels_for($0) }) ?? kernels_current() else {
            throw .unknownISA(name: wanted ?? "", known: CPUBackend.availableISAs)
        }
        kernels = table.pointee
        matmulKernels = withUnsafeBytes(of: kernels.matmul) { Array($0.bindMemory(to: Matmul?.self)) }
        quantizers = withUnsafeBytes(of: kernels.quantize) { Array($0.bindMemory(to: Quantize?.self)) }
        interleavedKernels = withUnsafeBytes(of: kernels.matmul_interleaved) { Array($0.bindMemory(to: Matmul?.self)) }
        let scalar = kernels_for("scalar")?.pointee ?? kernels
        let (own, reference) = (kernels.matmul, scalar.matmul)
        hasOwnKernel = zip(CPUBackend.addresses(of: own), CPUBackend.addresses(of: reference)).map { $0 != $1 }
        let (packed, packedReference) = (kernels.matmul_interleaved, scalar.matmul_interleaved)
        let repacks = repack && CPUBackend.isAllowed("COOLFUSION_REPACK")
        hasInterleavedKernel = zip(CPUBackend.addresses(of: packed), CPUBackend.addresses(of: packedReference))
            .map { repacks && $0 != $1 }
        pool = try ThreadPool(threads: threads)
        usesBLAS = blas && CPUBackend.isAllowed("COOLFUSION_BLAS") && CPUBackend.prepareBLAS()
        scratch = ScratchMemory(workers: threads)
    }

    /// Whether an environment variable does not say "off".
    private static func isAllowed(_ variable: String) -> Bool {
        getenv(variable).map { String(cString: $0) != "off" } ?? true
    }

    /// C's arrays of functions are tuples here.
    private static func addresses<Table>(of table: Table) -> [UInt] {
        withUnsafeBytes(of: table) { Array($0.bindMemory(to: UInt.self)) }
    }

    /// Cores that are online.
    public static var availableCores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Instruction sets that this build has kernels for and this CPU can run, slowest first.
    public static var availableISAs: [String] {
        var names: [String] = []
        guard var next = kernels_isas() else { return names }
        while let name = next.pointee {
            if kernels_for(name) != nil { names.append(String(cString: name)) }
            next += 1
        }
        return names
    }

    /// Runs one operation while no other does.
    func serially<Result>(_ body: () -> Result) -> Result {
        turn.withLock { _ in body() }
    }

    /// Calls body with ranges that cover 0 ..< count, in parallel where count * cost (in flops or so) pays for a fork.
    func overRanges(_ count: Int, cost: Int, _ body: (Range<Int>) -> Void) {
        let chunks = max(1, min(count, threads * 4, count * cost / 16384))
        pool.run(chunks) { chunk, _ in body(count * chunk / chunks..<count * (chunk + 1) / chunks) }
    }
}

// MARK: Memory

extension CPUBackend {
    public func makeTensor(type: tensor_type, shape: [Int]) throws(ComputeError) -> Tensor {
        guard let byteCount = Tensor.byteCount(type: type, shape: shape) else { throw .outOfMemory(byteCount: .max) }
        return Tensor(buffer: try Buffer(reserving: byteCount), type: type, shape: shape)
    }

    public func weight(_ bytes: UnsafeRawBufferPointer, owner: AnyObject, type: tensor_type, shape: [Int])
        throws(ComputeError) -> Tensor
    {
        let expected = Tensor.byteCount(type: type, shape: shape) ?? .max
        guard expected == bytes.count else { throw .wrongByteCount(expected: expected, found: bytes.count) }
        guard tensor_type_get(type).pointee.dot != nil else {
            throw .unsupportedWeightType(label: String(cString: tensor_type_get(type).pointee.label))
        }
        return Tensor(buffer: Buffer(viewing: bytes, owner: owner), type: type, shape: shape)
    }

    public func read(_ x: Tensor) throws(ComputeError) -> [Float] {
        [Float](UnsafeBufferPointer(start: x.floats, count: x.rows * x.columns))
    }

    public func write(_ values: [Float], to x: Tensor) {
        precondition(values.count == x.rows * x.columns, "as many values as the tensor has")
        values.withUnsafeBufferPointer { from in
            if let first = from.baseAddress { x.floats.update(from: first, count: from.count) }
        }
    }
}

// MARK: Element-wise operations and rows

extension CPUBackend {
    public func embed(_ ids: [Int32], table: Tensor, into y: Tensor, accumulate: Bool) {
        let info = tensor_type_get(table.type).pointee
        let blocks = table.columns / Int(info.block_size)
        let row = UnsafeMutablePointer<Float>.allocate(capacity: table.columns)
        defer { row.deallocate() }
        for (i, id) in ids.enumerated() {
            let source = table.bytes + Int(id) * table.rowBytes
            let target = y.floats + i * y.columns
            info.dequantize(source, accumulate ? row : target, blocks)
            if accumulate { kernels.add_scaled(row, 1, target, y.columns) }
        }
    }

    public func normalize(_ x: Tensor, with norm: Norm, into y: Tensor) {
        let width = norm.width
        let groups = x.columns / width
        let weightGroups = norm.weight.map { $0.rows * $0.columns / width } ?? 1
        let (source, target) = (x.floats, y.floats)
        let (weight, bias) = (norm.weight?.floats, norm.bias?.floats)
        overRanges(x.rows * groups, cost: width * 2) { range in
            for i in range {
                let own = (i % weightGroups) * width
                let (from, to) = (source + i * width, target + i * width)
                switch norm.kind {
                case .rms: kernels.rms_norm(from, weight.map { $0 + own }, to, width, norm.epsilon)
                case .layer:
                    kernels.layer_norm(from, weight.map { $0 + own }, bias.map { $0 + own }, to, width, norm.epsilon)
                }
            }
        }
    }

    public func rotate(_ x: Tensor, heads: Int, by rotation: Rotation) {
        let dimension = x.columns / heads
        let (values, pairs) = (x.floats, rotation.pairs)
        rotation.cosSin.withUnsafeBufferPointer { cosSin in
            guard let angles = cosSin.baseAddress else { return }
            overRanges(x.rows, cost: x.columns * 2) { range in
                for row in range {
                    for head in 0..<heads {
                        let start = values + row * x.columns + head * dimension
                        kernels.rope(start, angles + row * pairs * 2, pairs, rotation.style)
                    }
                }
            }
        }
    }

    public func activate(_ activation: Activation, gate: Tensor, up: Tensor?, into y: Tensor) {
        let (gates, ups, out) = (gate.floats, up?.floats, y.floats)
        overRanges(y.rows * y.columns, cost: 8) { range in
            let start = range.lowerBound
            activate(activation, gates + start, ups.map { $0 + start }, out + start, range.count)
        }
    }

    func activate(
        _ activation: Activation, _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>?,
        _ y: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        switch activation {
        case .silu: kernels.activate(activation_silu, gate, up, y, count)
        case .gelu: kernels.activate(activation_gelu, gate, up, y, count)
        case .geluTanh: kernels.activate(activation_gelu_tanh, gate, up, y, count)
        case .relu: kernels.activate(activation_relu, gate, up, y, count)
        case .reluSquared: kernels.activate(activation_relu_squared, gate, up, y, count)
        case .clampedSwiGLU:
            guard let up else { preconditionFailure("clamped SwiGLU needs a gate and an up product") }
            for i in 0..<count {
                let g = min(gate[i], 7)
                let u = max(-7, min(up[i], 7))
                y[i] = g / (1 + expf(-1.702 * g)) * (u + 1)
            }
        }
    }

    public func add(_ x: Tensor, scale: Float, to y: Tensor) {
        let (source, target) = (x.floats, y.floats)
        overRanges(y.rows * y.columns, cost: 2) { range in
            kernels.add_scaled(source + range.lowerBound, scale, target + range.lowerBound, range.count)
        }
    }

    public func scale(_ x: Tensor, by factor: Float, softcap cap: Float) {
        let values = x.floats
        overRanges(x.rows * x.columns, cost: cap == 0 ? 1 : 8) { range in
            kernels.scale(values + range.lowerBound, factor, cap, range.count)
        }
    }

    public func gather(_ rows: [Int], of x: Tensor, into y: Tensor) {
        for (i, row) in rows.enumerated() {
            memcpy(y.bytes + i * y.rowBytes, x.bytes + row * x.rowBytes, x.rowBytes)
        }
    }

    public func logProbabilities(of targets: ArraySlice<Int32?>, logits: Tensor) throws(ComputeError) -> [Float] {
        var result = [Float](repeating: 0, count: targets.count)
        let (values, width, first) = (logits.floats, logits.columns, targets.startIndex)
        result.withUnsafeMutableBufferPointer { result in
            guard let result = result.baseAddress else { return }
            overRanges(targets.count, cost: width * 8) { range in
                for i in range {
                    guard let target = targets[first + i] else { continue }
                    let row = values + i * width
                    result[i] = row[Int(target)] - kernels.log_sum_exp(row, width)
                }
            }
        }
        return result
    }
}
