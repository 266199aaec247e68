// The data of one tensor on its way from one type to another, chunk by chunk.
// One idea: rows are converted through 32-bit floats, a slice of the chunk per task; what keeps its type is handed on.
import CKernels
import Compute
import GGUF

struct Conversion {
    /// About this many values at once: some MB of floats per thread, and a progress bar that moves.
    private static let chunkValues = 1 << 20

    private let step: Quantizer.Step
    private let source: UnsafeRawBufferPointer
    private let pool: ThreadPool
    private var done = 0  // values
    private var output: [UInt64] = []  // 8-aligned bytes, as blocks want them

    init(_ step: Quantizer.Step, source: UnsafeRawBufferPointer, pool: ThreadPool) {
        self.step = step
        self.source = source
        self.pool = pool
    }

    var sourceBytesDone: Int { bytes(of: done, in: step.tensor.type) }

    /// Hands the next bytes of the new tensor to `body`; false at the end. Throws notFinite, and what `body` throws.
    mutating func next(
        _ body: (UnsafeRawBufferPointer) throws(QuantizationError) -> Void
    ) throws(QuantizationError) -> Bool {
        let count = min(Conversion.chunkValues, step.tensor.valueCount - done)
        guard count > 0 else { return false }
        let first = bytes(of: done, in: step.tensor.type)
        done += count
        let input = UnsafeRawBufferPointer(rebasing: source[first..<first + bytes(of: count, in: step.tensor.type)])
        guard step.type != step.tensor.type else {
            try body(input)
            return true
        }
        let size = bytes(of: count, in: step.type)
        if output.count * 8 < size { output = [UInt64](repeating: 0, count: (size + 7) / 8) }
        let slices = Slices(from: step.tensor.type, to: step.type, pool: pool)
        let broken = output.withUnsafeMutableBytes { slices.convert(input, count, into: $0) }
        guard !broken else { throw .notFinite(tensor: step.tensor.name) }
        try output.span.bytes.withUnsafeBytes { bytes throws(QuantizationError) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
        }
        return true
    }
}

/// A chunk's values, converted by all threads.
private struct Slices {
    /// Values per task: whole blocks of every type, and small enough for the cache.
    private static let taskValues = 1 << 14

    let from: TensorType
    let to: TensorType
    let pool: ThreadPool

    /// Whether a value was not finite.
    func convert(_ input: UnsafeRawBufferPointer, _ count: Int, into output: UnsafeMutableRawBufferPointer)
        -> Bool
    {
        let (reader, writer) = (tensor_type_get(from.cType).pointee, tensor_type_get(to.cType).pointee)
        let tasks = (count + Slices.taskValues - 1) / Slices.taskValues
        var poison = [Float](repeating: 0, count: tasks)
        poison.withUnsafeMutableBufferPointer { poison in
            pool.run(tasks) { task, _ in
                let start = task * Slices.taskValues
                let values = min(Slices.taskValues, count - start)
                withUnsafeTemporaryAllocation(of: Float.self, capacity: values) { floats in
                    guard let floats = floats.baseAddress else { return }
                    let source = input.baseAddress.map { $0 + bytes(of: start, in: from) }
                    let target = output.baseAddress.map { $0 + bytes(of: start, in: to) }
                    reader.dequantize(source, floats, values / from.blockSize)
                    var sum: Float = 0
                    for i in 0..<values { sum += floats[i] * 0 }
                    poison[task] = sum
                    writer.quantize(floats, target, values / to.blockSize)
                }
            }
        }
        return poison.contains { $0 != 0 }
    }
}

private func bytes(of values: Int, in type: TensorType) -> Int { values / type.blockSize * type.blockBytes }
