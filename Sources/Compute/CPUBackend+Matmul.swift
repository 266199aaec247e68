// Products with weights: activations are converted once per activation type, weight rows are cut into chunks.
// Below the OpenBLAS threshold every output element is one dot product in a fixed order: rows of a batch do not mix.

import CKernels

extension CPUBackend {
    public func project(_ x: Tensor, through projections: [Projection]) {
        serially { projectInTurn(x, through: projections) }
    }

    /// Some rows of one weight against all rows of x.
    private struct Piece {
        var projection: Projection
        var x: UnsafeRawPointer
        var xRowBytes: Int
        /// Weight rows per chunk.
        var step: Int
        var throughBLAS: Bool
        var chunks: Int { (projection.weight.rows + step - 1) / step }
    }

    func projectInTurn(_ x: Tensor, through projections: [Projection]) {
        guard x.rows > 0 else { return }
        let converted = convert(x, for: projections)
        let pieces = projections.map { projection in
            let weight = projection.weight
            let step = weight.layout == .rows ? blasPanelRows(type: weight.type, rows: x.rows) : nil
            let activations = step == nil ? converted.first { $0.type == weight.activation } : nil
            return Piece(
                projection: projection, x: activations?.bytes ?? x.bytes,
                xRowBytes: activations?.rowBytes ?? x.rowBytes,
                step: step ?? chunkRows(of: weight), throughBLAS: step != nil)
        }
        reserveBLASPanels(pieces.filter(\.throughBLAS).map(\.projection.weight))
        let work = projections.reduce(0) { $0 + $1.weight.rows } * x.columns * x.rows
        run(pieces, rows: x.rows, inline: work < 32768)
    }

    private func run(_ pieces: [Piece], rows: Int, inline: Bool) {
        let total = pieces.reduce(0) { $0 + $1.chunks }
        let body = { (chunk: Int, worker: Int) in
            var chunk = chunk
            var index = 0
            while chunk >= pieces[index].chunks {
                chunk -= pieces[index].chunks
                index += 1
            }
            self.multiply(pieces[index], chunk: chunk, rows: rows, worker: worker)
        }
        if inline {
            for chunk in 0..<total { body(chunk, 0) }
        } else {
            pool.run(total, body)
        }
    }

    private func multiply(_ piece: Piece, chunk: Int, rows: Int, worker: Int) {
        let (weight, output) = (piece.projection.weight, piece.projection.output)
        let first = chunk * piece.step
        let count = min(piece.step, weight.rows - first)
        let y = output.floats + first
        if piece.throughBLAS {
            let x = piece.x.assumingMemoryBound(to: Float.self)
            blasMultiply(
                weight.rowSlice(first..<first + count), x: x, into: y, shape: (rows, output.columns), worker: worker)
        } else {
            var arguments = matmul_args(
                w: weight.bytes + first * weight.rowBytes, w_row_bytes: weight.rowBytes, x: piece.x,
                x_row_bytes: piece.xRowBytes, y: y, y_stride: output.columns, k: weight.columns, rows: count,
                columns: rows)
            let kernels = weight.layout == .rows ? matmulKernels : interleavedKernels
            kernels[Int(weight.type.rawValue)]?(&arguments)
        }
        guard let bias = piece.projection.bias else { return }
        for row in 0..<rows { kernels.add_scaled(bias.floats + first, 1, y + row * output.columns, count) }
    }

    /// About 64 KiB of weights per chunk, in groups of 32 rows that kernels like, and some chunks for every thread.
    private func chunkRows(of weight: Tensor) -> Int {
        let rows = min(65536 / max(1, weight.rowBytes), weight.rows / (threads * 4))
        return max(32, rows / 32 * 32)
    }

    private struct Converted {
        var type: tensor_type
        var bytes: UnsafeMutableRawPointer
        var rowBytes: Int
    }

    /// x `[n, k]` in every activation type but F32 that the weights ask for.
    private func convert(_ x: Tensor, for projections: [Projection]) -> [Converted] {
        var converted: [Converted] = []
        for weight in projections.map(\.weight) where weight.activation != tensor_type_f32 {
            if converted.contains(where: { $0.type == weight.activation }) { continue }
            let rowBytes = Tensor.rowBytes(type: weight.activation, columns: x.columns)
            let blocks = x.columns / Int(tensor_type_get(weight.activation).pointee.block_size)
            let use = ScratchMemory.Use.quantized[converted.count]
            let target = scratch.bytes(use, x.rows * rowBytes)
            let (source, quantize) = (x.floats, quantizer(of: weight.activation))
            overRanges(x.rows, cost: x.columns * 2) { range in
                for row in range { quantize?(source + row * x.columns, target + row * rowBytes, blocks) }
            }
            converted.append(Converted(type: weight.activation, bytes: target, rowBytes: rowBytes))
        }
        return converted
    }

    /// The fast conversion to a type, or its reference.
    func quantizer(of type: tensor_type) -> Quantize? {
        quantizers[Int(type.rawValue)] ?? tensor_type_get(type).pointee.quantize
    }
}
