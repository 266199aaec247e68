// A tensor: a typed, row-major window into a buffer. Weights, activations and caches are the same thing here.
// One idea: a view of some rows is a tensor again, so fused weights are split and experts picked without a copy.

import CKernels

/// How a matrix stands in memory.
public enum TensorLayout: Sendable {
    /// Row after row, as in a file.
    case rows
    /// Groups of 8 rows, their blocks interleaved (quant/interleave.c): weights of the CPU's fast kernels.
    case interleaved
}

/// `shape` is row-major, the last dimension runs fastest; rows of quantised types are whole blocks.
public struct Tensor: Sendable {
    public let buffer: Buffer
    /// Bytes from the buffer's beginning to the first value.
    public let offset: Int
    public let type: tensor_type
    public let layout: TensorLayout
    public let shape: [Int]
    /// Values in a row: the last dimension.
    public let columns: Int
    /// Rows: the product of all other dimensions.
    public let rows: Int
    /// Bytes of one row.
    public let rowBytes: Int

    public init(
        buffer: Buffer, offset: Int = 0, type: tensor_type = tensor_type_f32, shape: [Int],
        layout: TensorLayout = .rows
    ) {
        self.buffer = buffer
        self.offset = offset
        self.type = type
        self.layout = layout
        self.shape = shape
        columns = shape.last ?? 1
        rows = shape.dropLast().reduce(1, *)
        rowBytes = Tensor.rowBytes(type: type, columns: columns)
        precondition(
            offset >= 0 && offset + rows * rowBytes <= buffer.byteCount, "a tensor must lie inside its buffer")
    }

    /// What activations are converted to before they meet this weight.
    var activation: tensor_type { tensor_type_get(type).pointee.activation }

    static func rowBytes(type: tensor_type, columns: Int) -> Int {
        let info = tensor_type_get(type).pointee
        return columns / Int(info.block_size) * Int(info.block_bytes)
    }

    /// Bytes of a tensor of this type and shape; nil where it overflows or rows are no whole blocks.
    public static func byteCount(type: tensor_type, shape: [Int]) -> Int? {
        let info = tensor_type_get(type).pointee
        guard shape.allSatisfy({ $0 >= 0 }), (shape.last ?? 1) % Int(info.block_size) == 0 else { return nil }
        var count = rowBytes(type: type, columns: shape.last ?? 1)
        for dimension in shape.dropLast() {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            count = product
        }
        return count
    }

    /// Rows `range` of the tensor seen as a matrix `[rows, columns]`, without a copy.
    public func rowSlice(_ range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the tensor")
        assert(layout == .rows || range.lowerBound % interleaved_rows == 0, "interleaved rows are cut in groups")
        return Tensor(
            buffer: buffer, offset: offset + range.lowerBound * rowBytes, type: type, shape: [range.count, columns],
            layout: layout)
    }

    /// The first value; valid while the tensor lives.
    public var bytes: UnsafeMutableRawPointer { buffer.contents + offset }

    /// The values of an F32 tensor; valid while the tensor lives.
    public var floats: UnsafeMutablePointer<Float> {
        assert(type == tensor_type_f32, "only F32 tensors are read as floats")
        return bytes.assumingMemoryBound(to: Float.self)
    }
}
