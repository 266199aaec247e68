// Matmul and activation quantisers of one weight type over a model's matrices: 1, 2, 4, 8, 32 and 128 columns.
import CKernels

enum MatmulBench {
    static let columns = [1, 2, 4, 8, 32, 128]
    /// Weights of one benchmark, at least: more than the caches hold, so that few columns show the speed of memory.
    private static let weightBytes = 96 << 20
    /// Rows a backend hands out at once.
    private static let chunkRows = 64

    /// Names first, so that a filter builds only what it measures.
    static func all(_ shape: ModelShape, _ options: Options, isa: String) -> [(name: String, make: () -> Benchmark?)] {
        WeightType.all.filter { options.type == nil || $0.label == options.type }.flatMap { type in
            shape.matrices.flatMap { matrix in
                columns.map { n in
                    let name = "matmul \(isa) \(type.label) \(matrix.role) \(matrix.rows)x\(matrix.k) n=\(n)"
                    return (name, { make(name, type, rows: matrix.rows, k: matrix.k, columns: n, isa: isa) })
                }
            }
        }
    }

    private static func make(_ name: String, _ type: WeightType, rows: Int, k: Int, columns: Int, isa: String)
        -> Benchmark?
    {
        guard let table = kernels_for(isa), let scalar = kernels_for("scalar"), let rowBytes = type.rowBytes(k),
            let xBytes = type.activationBytes(k)
        else { return nil }
        let copies = max(1, weightBytes / (rows * rowBytes))
        let weights = Memory(weights: type, k: k, rows: rows * copies, rowBytes: rowBytes)
        let (values, x) = (Memory(random: columns * k, seed: 1), Memory(bytes: columns * xBytes))
        kernels_quantize(
            table, type.info.activation, values.floats, x.base, columns * k / Int(type.activation.block_size))
        let y = Memory(bytes: rows * columns * 4)

        func multiply(_ table: UnsafePointer<kernel_table>, _ first: Int, _ count: Int, _ n: Int, _ out: Memory) {
            var arguments = matmul_args(
                w: weights.base + first * rowBytes, w_row_bytes: rowBytes, x: x.base, x_row_bytes: xBytes,
                y: out.floats + first % rows, y_stride: rows, k: k, rows: count, columns: n)
            kernels_matmul(table, type.type, &arguments)
        }
        var copy = 0
        return Benchmark(
            name: name, bytes: rows * rowBytes, operations: 2 * rows * k * columns,
            error: {
                let (fast, exact) = (Memory(bytes: rows * 12), Memory(bytes: rows * 12))
                multiply(table, 0, rows, min(3, columns), fast)
                multiply(scalar, 0, rows, min(3, columns), exact)
                let n = rows * min(3, columns)
                return relativeError(
                    UnsafeBufferPointer(start: fast.floats, count: n),
                    UnsafeBufferPointer(start: exact.floats, count: n))
            },
            // Rounding errors of k / 32 sequential sums of f32.
            bound: Double(k / 32 + 16) * 0x1p-23,
            run: {
                for first in stride(from: 0, to: rows, by: chunkRows) {
                    multiply(table, copy * rows + first, min(chunkRows, rows - first), columns, y)
                }
                copy = (copy + 1) % copies
            }, arithmetic: type.info.activation == tensor_type_f32 ? .f32 : .int8,
            workingSet: copies * rows * rowBytes)
    }

    /// Conversion of one row of activations.
    static func quantizers(_ shape: ModelShape, isa: String) -> [(name: String, make: () -> Benchmark?)] {
        let types = Set(WeightType.all.map(\.info.activation.rawValue)).subtracting([tensor_type_f32.rawValue]).sorted()
        return types.map { raw in
            let type = WeightType(type: tensor_type(rawValue: raw))
            let name = "quantize \(isa) \(type.label) n=\(shape.embedding)"
            return (
                name,
                {
                    guard let table = kernels_for(isa), let bytes = type.rowBytes(shape.embedding) else { return nil }
                    let x = Memory(random: shape.embedding, seed: 2)
                    let (fast, exact) = (Memory(bytes: bytes), Memory(bytes: bytes))
                    let blocks = shape.embedding / Int(type.info.block_size)
                    return Benchmark(
                        name: name, bytes: shape.embedding * 4 + bytes, operations: shape.embedding,
                        error: {
                            kernels_quantize(table, type.type, x.floats, fast.base, blocks)
                            type.info.quantize(x.floats, exact.base, blocks)
                            let same = (0..<bytes).allSatisfy {
                                fast.base.load(fromByteOffset: $0, as: UInt8.self)
                                    == exact.base.load(fromByteOffset: $0, as: UInt8.self)
                            }
                            return same ? 0 : .infinity
                        },
                        bound: 0, run: { kernels_quantize(table, type.type, x.floats, fast.base, blocks) })
                }
            )
        }
    }
}
