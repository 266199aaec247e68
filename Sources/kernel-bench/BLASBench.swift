// OpenBLAS beside the kernels: the same products by sgemm, of F32 weights and, dequantised in panels as the engine does it,
// of every other type. The rows that tell from how many columns on it pays.
import CKernels

#if OpenBLAS
    import COpenBLAS

    enum BLASBench {
        private static let weightBytes = 96 << 20
        private static let panelRows = 256

        static func all(_ shape: ModelShape, _ options: Options) -> [OperationBench.Entry] {
            openblas_set_num_threads(1)
            return WeightType.all.filter { options.type == nil || $0.label == options.type }.flatMap { type in
                shape.matrices.flatMap { matrix in
                    MatmulBench.columns.map { n in
                        let name = "matmul openblas \(type.label) \(matrix.role) \(matrix.rows)x\(matrix.k) n=\(n)"
                        return (name, { make(name, type, rows: matrix.rows, k: matrix.k, columns: n) })
                    }
                }
            }
        }

        private static func make(_ name: String, _ type: WeightType, rows: Int, k: Int, columns: Int) -> Benchmark? {
            guard let rowBytes = type.rowBytes(k) else { return nil }
            let copies = max(1, weightBytes / (rows * rowBytes))
            let weights = Memory(weights: type, k: k, rows: rows * copies, rowBytes: rowBytes)
            let x = Memory(random: columns * k, seed: 1)
            let y = Memory(bytes: rows * columns * 4)
            let panel = Memory(bytes: panelRows * k * 4)
            func multiply(_ first: Int) {
                for row in stride(from: 0, to: rows, by: panelRows) {
                    let count = min(panelRows, rows - row)
                    let source = weights.base + (first + row) * rowBytes
                    var floats = source.assumingMemoryBound(to: Float.self)
                    if type.type != tensor_type_f32 {
                        type.info.dequantize(source, panel.floats, count * k / Int(type.info.block_size))
                        floats = panel.floats
                    }
                    cblas_sgemm(
                        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(columns), blasint(count), blasint(k), 1,
                        x.floats, blasint(k), floats, blasint(k), 0, y.floats + row, blasint(rows))
                }
            }
            var copy = 0
            return Benchmark(
                name: name, bytes: rows * rowBytes, operations: 2 * rows * k * columns,
                error: {
                    multiply(0)
                    let first = UnsafeBufferPointer(start: y.floats, count: rows)
                    let sums = exact(weights, type, x: x, rows: rows, k: k)
                    return relativeError(first, sums.values)
                },
                bound: Double(k / 32 + 16) * 0x1p-23,
                run: {
                    multiply(copy * rows)
                    copy = (copy + 1) % copies
                }, arithmetic: .f32, workingSet: copies * rows * rowBytes)
        }

        /// The first column by the dequantised rows and sums in Double.
        private static func exact(_ weights: Memory, _ type: WeightType, x: Memory, rows: Int, k: Int) -> Memory {
            let values = Memory(bytes: k * 4)
            let sums = Memory(bytes: rows * 4)
            let rowBytes = type.rowBytes(k) ?? 0
            for row in 0..<rows {
                type.info.dequantize(weights.base + row * rowBytes, values.floats, k / Int(type.info.block_size))
                sums.floats[row] = Float((0..<k).reduce(0.0) { $0 + Double(values.floats[$1]) * Double(x.floats[$1]) })
            }
            return sums
        }
    }
#else
    enum BLASBench {
        static func all(_ shape: ModelShape, _ options: Options) -> [OperationBench.Entry] { [] }
    }
#endif
