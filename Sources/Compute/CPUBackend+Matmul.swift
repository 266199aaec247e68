// Products with weights: activations are converted once per activation type, weight rows are cut into chunks.
// Below the OpenBLAS threshold every output element is one dot product in a fixed order: rows of a batch do not mix.

import CKernels

extension CPUBackend {
    public func project(_ x: Tensor, through projections: [Projection]) {
        serially { projectInTurn(x, through: projections) }
    }

    private enum Method {
        case kernel(Matmul)
        /// Panel by panel of the weight.
        case openBLAS
    }

    /// One weight against all rows of x. Plain values only: chunks are many, and references would be counted in each.
    private struct Piece {
        /// The product with all weight rows.
        var product: matmul_args
        var method: Method
        var bias: UnsafePointer<Float>?
        /// Weight rows per chunk.
        var step: Int
        var chunks: Int { (product.rows + step - 1) / step }

        /// The part of the product that some weight rows make.
        func part(_ rows: Range<Int>) -> matmul_args {
            var part = product
            part.w += rows.lowerBound * product.w_row_bytes
            part.y += rows.lowerBound
            part.rows = rows.count
            return part
        }
    }

    func projectInTurn(_ x: Tensor, through projections: [Projection]) {
        guard x.rows > 0 else { return }
        let converted = convert(x, for: projections)
        let pieces = projections.map { piece($0, x, converted) }
        reserveBLASPanels(
            zip(pieces, projections).compactMap { piece, projection in
                if case .openBLAS = piece.method { projection.weight } else { nil }
            })
        let work = projections.reduce(0) { $0 + $1.weight.rows } * x.columns * x.rows
        // Pieces hold addresses only.
        withExtendedLifetime((x, projections)) { run(pieces, of: projections, inline: work < 32768) }
    }

    private func piece(_ projection: Projection, _ x: Tensor, _ converted: [Converted]) -> Piece {
        let (weight, output) = (projection.weight, projection.output)
        let step = weight.layout == .rows ? blasPanelRows(type: weight.type, rows: x.rows) : nil
        let activations = step == nil ? converted.first { $0.type == weight.activation } : nil
        let product = matmul_args(
            w: weight.bytes, w_row_bytes: weight.rowBytes, x: activations?.bytes ?? x.bytes,
            x_row_bytes: activations?.rowBytes ?? x.rowBytes, y: output.floats, y_stride: output.columns,
            k: weight.columns, rows: weight.rows, columns: x.rows)
        return Piece(
            product: product, method: step == nil ? .kernel(kernel(of: weight)) : .openBLAS,
            bias: projection.bias.map { UnsafePointer($0.floats) }, step: step ?? chunkRows(of: weight))
    }

    private func kernel(of weight: Tensor) -> Matmul {
        let kernels = weight.layout == .rows ? matmulKernels : interleavedKernels
        guard let kernel = kernels[Int(weight.type.rawValue)] else {
            preconditionFailure("weights that no kernel multiplies are refused when they are loaded")
        }
        return kernel
    }

    private func run(_ pieces: [Piece], of projections: [Projection], inline: Bool) {
        let total = pieces.reduce(0) { $0 + $1.chunks }
        pieces.withUnsafeBufferPointer { pieces in
            let body = { (chunk: Int, worker: Int) in
                var chunk = chunk
                var index = 0
                while chunk >= pieces[index].chunks {
                    chunk -= pieces[index].chunks
                    index += 1
                }
                let first = chunk * pieces[index].step
                let rows = first..<min(first + pieces[index].step, pieces[index].product.rows)
                var part = pieces[index].part(rows)
                switch pieces[index].method {
                case .kernel(let multiply): multiply(&part)
                case .openBLAS: self.blasMultiply(projections[index].weight.rowSlice(rows), part, worker: worker)
                }
                guard let bias = pieces[index].bias else { return }
                for row in 0..<part.columns {
                    self.kernels.add_scaled(bias + rows.lowerBound, 1, part.y + row * part.y_stride, rows.count)
                }
            }
            if inline {
                for chunk in 0..<total { body(chunk, 0) }
            } else {
                pool.run(total, body)
            }
        }
    }

    /// About 128 KiB of weights per chunk, in groups of 32 rows that kernels like, and some chunks for every thread.
    private func chunkRows(of weight: Tensor) -> Int {
        let rows = min(131_072 / max(1, weight.rowBytes), weight.rows / (threads * 4))
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
