// Weights on the device: copied there in their type or another, in one allocation or several, and looked at in parts.
// One idea: a weight is cut between rows, where its file, its allocations or a dispatch cannot have it whole; a result comes
// from one row of the weight, so no cut changes a bit of it.

import CKernels
import Compute

/// Runs of a weight's rows, each in an allocation of its own: a weight of more bytes than the device gives at once.
final class SplitMemory: Sendable {
    let pieces: [Buffer]
    /// Bytes of every piece but the last: whole rows, and of `[experts, out, in]` whole experts.
    let pieceBytes: Int

    init(_ pieces: [Buffer], pieceBytes: Int) {
        self.pieces = pieces
        self.pieceBytes = pieceBytes
    }

    /// The whole as a buffer. Its "contents" are an address that no device has: bit 62 without bit 63 is in no address
    /// space. Operations go through `parts`.
    var buffer: Buffer {
        let byteCount = pieces.reduce(0) { $0 + $1.byteCount }
        return Buffer(
            viewing: UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 1 << 62), count: byteCount), owner: self
        )
    }
}

/// Rows of a weight that one dispatch can look at.
struct WeightPart {
    /// Its first row's number in the weight.
    var first: Int
    var tensor: Tensor
}

extension VulkanBackend {
    /// The weight in parts that lie in one allocation and within `reach`, cut for `reach` at multiples of `unit` rows.
    func parts(of weight: Tensor, unit: Int = 1) -> [WeightPart] {
        let split = weight.buffer.owner as? SplitMemory
        let rowsInReach = max(unit, reach / max(1, weight.rowBytes) / unit * unit)
        if split == nil, weight.rows <= rowsInReach { return [WeightPart(first: 0, tensor: weight)] }
        var parts: [WeightPart] = []
        var first = 0
        while first < weight.rows {
            let rest = weight.rowSlice(first..<min(first + rowsInReach, weight.rows))
            let part = split.map { piece(of: rest, in: $0) } ?? rest
            parts.append(WeightPart(first: first, tensor: part))
            first += part.rows
        }
        return parts
    }

    /// As many of its first rows as lie in one allocation, where they lie.
    private func piece(of weight: Tensor, in memory: SplitMemory) -> Tensor {
        let (index, offset) = weight.offset.quotientAndRemainder(dividingBy: memory.pieceBytes)
        let rows = min(weight.rows, (memory.pieceBytes - offset) / weight.rowBytes)
        return Tensor(
            buffer: memory.pieces[index], offset: offset, type: weight.type, shape: [rows, weight.columns])
    }

    /// Copies the weight to the device. Types without a shader become F16, or F32 where that is switched off.
    public func weight(_ bytes: UnsafeRawBufferPointer, owner: AnyObject, type: tensor_type, shape: [Int])
        throws(ComputeError) -> Tensor
    {
        let info = tensor_type_get(type).pointee
        let expected = Tensor.byteCount(type: type, shape: shape) ?? .max
        guard expected == bytes.count else { throw .wrongByteCount(expected: expected, found: bytes.count) }
        guard info.dot != nil else { throw .unsupportedWeightType(label: String(cString: info.label)) }
        return try attempt { () throws(ComputeError) in
            let stored = storedType(of: type)
            let rows = shape.dropLast().reduce(1, *)
            let rowBytes = expected / max(rows, 1)
            let storedRowBytes = Tensor.byteCount(type: stored, shape: [shape.last ?? 1]) ?? .max
            let rowsPerPiece = rowsPerAllocation(shape, rowBytes: storedRowBytes)
            var pieces: [Buffer] = []
            for first in stride(from: 0, to: max(rows, 1), by: rowsPerPiece) {
                let end = min(first + rowsPerPiece, rows)
                let allocation = try allocate((end - first) * storedRowBytes)
                let source = UnsafeRawBufferPointer(rebasing: bytes[first * rowBytes..<end * rowBytes])
                try upload(source, from: type, as: stored, to: allocation)
                pieces.append(allocation.buffer)
            }
            let isWhole = pieces.count == 1
            let buffer = isWhole ? pieces[0] : SplitMemory(pieces, pieceBytes: rowsPerPiece * storedRowBytes).buffer
            return Tensor(buffer: buffer, type: stored, shape: shape)
        }
    }

    /// How many rows of a weight one allocation takes: all if it can, else whole experts or rows. Where not even one of
    /// them fits: all, which the pool refuses.
    private func rowsPerAllocation(_ shape: [Int], rowBytes: Int) -> Int {
        let rows = max(1, shape.dropLast().reduce(1, *))
        let unit = shape.count > 2 ? max(1, shape[shape.count - 2]) : 1
        let most = pool.mostBytes / max(1, rowBytes)
        return rows <= most || most < unit ? rows : most / unit * unit
    }

    /// The type that weights of a type have here.
    public func storedType(of type: tensor_type) -> tensor_type {
        let isUsable = { (type: tensor_type) in
            self.shader(.embed, type) != nil && self.shader(.experts, type) != nil
                && (self.shader(.matvec, type) != nil || self.shader(.matmul, type) != nil)
        }
        return [type, tensor_type_f16].first(where: isUsable) ?? tensor_type_f32
    }

    /// Copies whole rows, a million values at a time.
    private func upload(
        _ bytes: UnsafeRawBufferPointer, from type: tensor_type, as stored: tensor_type, to allocation: Allocation
    ) throws(ComputeError) {
        let info = tensor_type_get(type).pointee
        let blocks = bytes.count / Int(info.block_bytes)
        let blocksPerStep = (1 << 20) / Int(info.block_size)
        for first in stride(from: 0, to: blocks, by: blocksPerStep) {
            let count = min(blocksPerStep, blocks - first)
            let start = first * Int(info.block_bytes)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count * Int(info.block_bytes)])
            if stored == type {
                try recorder.upload(piece, to: allocation, at: start)
            } else {
                try convert(piece, blocks: count, from: info, to: tensor_type_get(stored).pointee) {
                    (converted, bytesPerValue) throws(ComputeError) in
                    try recorder.upload(converted, to: allocation, at: first * Int(info.block_size) * bytesPerValue)
                }
            }
            if recorder.isFull { try submit() }
        }
    }

    /// Gives `body` the values of blocks in a plain type, and how many bytes a value has there.
    private func convert(
        _ bytes: UnsafeRawBufferPointer, blocks: Int, from info: tensor_type_info, to plain: tensor_type_info,
        _ body: (UnsafeRawBufferPointer, Int) throws(ComputeError) -> Void
    ) throws(ComputeError) {
        let values = blocks * Int(info.block_size)
        var floats = [Float](repeating: 0, count: values)
        info.dequantize(bytes.baseAddress, &floats, blocks)
        let converted = UnsafeMutableRawBufferPointer.allocate(byteCount: values * Int(plain.block_bytes), alignment: 8)
        defer { converted.deallocate() }
        plain.quantize?(floats, converted.baseAddress, values)
        try body(UnsafeRawBufferPointer(converted), Int(plain.block_bytes))
    }
}
