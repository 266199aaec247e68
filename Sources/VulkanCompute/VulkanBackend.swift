// The Vulkan backend: the decoder's calls recorded as dispatches of one command buffer, submitted when results are read.
// One idea: a tensor's "contents" are device addresses, so operations are arithmetic on addresses and push constants; no
// descriptor, no lookup. Operations of concurrent callers take turns. Operations have no error path: the first failure is
// kept and thrown by the next read; a lost device stays lost. Meaning is decided by Compute/Backend.swift and CKernels.

import CKernels
import CVulkan
import Compute
import Synchronization

public final class VulkanBackend: Backend, @unchecked Sendable {
    public let device: Device
    /// Shader variants that are not used here because they were found wrong.
    public let switchedOff: Set<String>
    /// How products may round activations.
    public let arithmetic: Arithmetic
    let pipelines: PipelineSet
    let recorder: CommandRecorder
    let pool: MemoryPool
    private let turn = Mutex<Void>(())
    private var failure: ComputeError?
    /// Multiplications recorded since the last submission.
    private var work = 0
    private var readback = cvk_memory()
    /// Bytes that came back to the host so far.
    private(set) var bytesRead = 0
    private let typedShaders: [TypedOperation: [Int?]]
    private var scratch: [ScratchUse: Tensor] = [:]

    /// Operations with one shader per weight type.
    enum TypedOperation: String, CaseIterable {
        case embed, attention, matvec, matmul, dotvec, dotmul, coopmul
        case experts, expertmul, dotexperts, dotexpertmul, coopexpertmul
    }

    /// Faster products, where a device has them: they round activations. None: F32.
    public struct Arithmetic: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Products with quantised weights round activations to 8 bits and multiply integers.
        public static let integerDot = Arithmetic(rawValue: 1)
        /// Products of many rows round weights and activations to F16 and multiply by cooperative matrices.
        public static let matrices = Arithmetic(rawValue: 2)
    }

    /// Memory kept between operations.
    enum ScratchUse: Hashable {
        case router, chosen, weights, order, tiles, gate, up, down, sharedGate, sharedUp, sharedDown
        case quants, scales, halves, rowScales
    }

    /// A submission is bounded so that no driver's watchdog takes a long prompt for a hang: seconds on a slow GPU.
    private static let mostWork = 200_000_000_000
    /// Bytes of a weight that one dispatch may look at: shaders count bytes in 32 bits.
    let reach: Int

    public var name: String { "Vulkan, \(device.name), \(device.description.driver)" }

    /// Opens nothing: `device` is open. `switchedOff`: variants not to use; see SelfTest. `arithmetic` nil: what the hardware
    /// is fast at; else what of it the device can do at all. A smaller `reach` is for tests.
    public init(
        _ device: Device, switchedOff: Set<String> = [], arithmetic: Arithmetic? = nil, reach: Int = 1 << 31
    ) throws(VulkanError) {
        self.device = device
        var usable = device.description.arithmetic
        if arithmetic == nil, !device.description.hasFastIntegerDot { usable.remove(.integerDot) }
        if arithmetic == nil, device.description.kind == .software { usable.remove(.matrices) }
        if switchedOff.contains("quantize") { usable.remove(.integerDot) }
        if switchedOff.contains("halve") { usable.remove(.matrices) }
        self.arithmetic = usable.intersection(arithmetic ?? usable)
        self.reach = reach
        self.switchedOff = switchedOff
        let cache = CacheFile(name: "\(device.description.fingerprint)-\(ShaderLibrary.fingerprint).pipelines")
        pipelines = try PipelineSet(device, cacheFile: cache)
        recorder = try CommandRecorder(device)
        pool = MemoryPool(device)
        var table: [TypedOperation: [Int?]] = [:]
        for operation in TypedOperation.allCases {
            table[operation] = (0..<tensor_type_count.rawValue).map { raw in
                let name = VulkanBackend.variant(operation, tensor_type(raw))
                return switchedOff.contains(name) ? nil : ShaderLibrary.indices[name]
            }
        }
        typedShaders = table
    }

    deinit {
        try? recorder.submit()
        if readback.buffer != 0 { cvk_memory_free(device.handle, &readback) }
    }

    /// "<operation>.<type>", as in variants.txt but in lower case.
    static func variant(_ operation: TypedOperation, _ type: tensor_type) -> String {
        operation.rawValue + "." + String(cString: tensor_type_get(type).pointee.label).lowercased()
    }

    /// The shader of an operation for a type; nil if there is none, or it is switched off.
    func shader(_ operation: TypedOperation, _ type: tensor_type) -> Int? {
        typedShaders[operation]?[Int(type.rawValue)]
    }

    // MARK: Recording

    /// Runs one operation while no other does; its failure is kept for the next read.
    func perform(_ body: () throws(ComputeError) -> Void) {
        turn.withLock { _ in
            guard failure == nil else { return }
            do throws(ComputeError) {
                try body()
                if work > VulkanBackend.mostWork || recorder.isFull { try submit() }
            } catch {
                failure = error
            }
        }
    }

    /// Runs one operation that may throw.
    func attempt<Result>(_ body: () throws(ComputeError) -> Result) throws(ComputeError) -> Result {
        try turn.withLock { _ throws(ComputeError) in
            if let known = failure {
                if case .deviceLost = known {} else { failure = nil }
                try? submit()
                throw known
            }
            do throws(ComputeError) {
                return try body()
            } catch {
                if case .deviceLost = error { failure = error }
                throw error
            }
        }
    }

    func submit() throws(ComputeError) {
        work = 0
        defer { pool.collect() }
        try recorder.submit()
    }

    func count(work more: Int) { work &+= more }

    func unsupported(_ what: String) -> ComputeError { .deviceFailed(device: device.name, reason: what) }

    /// Records one dispatch of a shader without weight types.
    func record(
        _ shader: String, _ constants: [UInt32] = [], _ push: PushConstants, threads: Int, reads: [Tensor],
        writes: [Tensor]
    ) throws(ComputeError) {
        try record(
            index: try index(of: shader), constants, push, groups: ((threads + 63) / 64, 1), reads: reads,
            writes: writes)
    }

    func index(of shader: String) throws(ComputeError) -> Int {
        guard let index = ShaderLibrary.indices[shader], !switchedOff.contains(shader) else {
            throw unsupported("the shader \(shader) is switched off")
        }
        return index
    }

    /// Records one dispatch; hazards are those of the tensors.
    func record(
        index: Int, _ constants: [UInt32], _ push: PushConstants, groups: (x: Int, y: Int), reads: [Tensor],
        writes: [Tensor]
    ) throws(ComputeError) {
        let pipeline = try pipelines.pipeline(index, constants: constants)
        try recorder.record(
            Dispatch(
                pipeline: pipeline, push: push, groups: groups, reads: reads.map(\.span), writes: writes.map(\.span)))
    }
}

extension Tensor {
    /// Where it begins on the device.
    var address: UInt { UInt(bitPattern: bytes) }
    /// The bytes it covers on the device.
    var span: Range<UInt> { address..<address + UInt(rows * rowBytes) }
    /// The word it begins in, and its first byte in that word: rows of some types begin at odd bytes.
    var wordAddress: UInt { address & ~3 }
    var byteInWord: Int { Int(address & 3) }
}

// MARK: Memory

extension VulkanBackend {
    public func makeTensor(type: tensor_type, shape: [Int]) throws(ComputeError) -> Tensor {
        try attempt { () throws(ComputeError) in try zeroedTensor(type, shape) }
    }

    private func zeroedTensor(_ type: tensor_type, _ shape: [Int]) throws(ComputeError) -> Tensor {
        guard let byteCount = Tensor.byteCount(type: type, shape: shape) else { throw .outOfMemory(byteCount: .max) }
        guard byteCount < 1 << 32 else {
            throw unsupported("a tensor of \(byteCount) bytes: shaders count bytes of a cache in 32 bits")
        }
        let allocation = try allocate(byteCount)
        try recorder.zero(allocation)
        return Tensor(buffer: allocation.buffer, type: type, shape: shape)
    }

    /// Memory let go may be waiting for the commands that use it, so a failure is tried once more after a submission.
    func allocate(_ byteCount: Int) throws(ComputeError) -> Allocation {
        if recorder.isEmpty { pool.collect() }
        do throws(ComputeError) {
            return try pool.allocate(byteCount)
        } catch {
            guard case .outOfMemory = error else { throw error }
            try submit()
            return try pool.allocate(byteCount)
        }
    }

    /// An F32 tensor that lives between operations and grows; its values are undefined.
    func scratchTensor(_ use: ScratchUse, _ shape: [Int]) throws(ComputeError) -> Tensor {
        let count = shape.reduce(1, *)
        if let held = scratch[use], held.columns >= count { return Tensor(buffer: held.buffer, shape: shape) }
        scratch[use] = nil
        let held = try zeroedTensor(tensor_type_f32, [max(count, 1)])
        scratch[use] = held
        return Tensor(buffer: held.buffer, shape: shape)
    }

    public func read(_ x: Tensor) throws(ComputeError) -> [Float] {
        try attempt { () throws(ComputeError) in try readNow(x) }
    }

    public func write(_ values: [Float], to x: Tensor) {
        guard !values.isEmpty else { return }
        perform { () throws(ComputeError) in
            let source = try recorder.upload(values)
            try copyRows([0], columns: values.count, from: source, to: x.address, reads: [], writes: [x])
        }
    }

    /// 16 MiB at a time through memory the host sees.
    func readNow(_ x: Tensor) throws(ComputeError) -> [Float] {
        let total = x.rows * x.columns
        let step = 4 << 20
        var result: [Float] = []
        result.reserveCapacity(total)
        for first in stride(from: 0, to: total, by: step) {
            let count = min(step, total - first)
            result += try readBack(count) { (place) throws(ComputeError) in
                let start = x.address + UInt(first * 4)
                try copyRows([0], columns: count, from: start, to: place, reads: [x], writes: [])
            }
        }
        return result
    }

    /// Runs everything, last what `record` records: it writes so many values of 32 bits to memory that the host sees.
    func readBack<Value: BitwiseCopyable>(
        _ count: Int, _ record: (_ place: UInt) throws(ComputeError) -> Void
    ) throws(ComputeError) -> [Value] {
        assert(MemoryLayout<Value>.stride == 4, "values of 32 bits")
        try reserveReadback(count * 4)
        try record(UInt(readback.address))
        try submit()
        guard let mapped = readback.mapped else { throw .outOfMemory(byteCount: count * 4) }
        bytesRead += count * 4
        return Array(UnsafeBufferPointer(start: mapped.assumingMemoryBound(to: Value.self), count: count))
    }

    private func reserveReadback(_ byteCount: Int) throws(ComputeError) {
        guard readback.byte_count < UInt64(byteCount) else { return }
        try submit()
        if readback.buffer != 0 { cvk_memory_free(device.handle, &readback) }
        let size = max(byteCount, 1 << 20)
        let result = cvk_memory_allocate(device.handle, UInt64(size), true, true, &readback)
        if let failure = device.failure(result, allocating: size) { throw failure }
    }
}
