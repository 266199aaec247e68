// Matmul and activation quantisers of one weight type over a model's matrices: 1, 2, 4, 8, 32 and 128 columns; rows as in
// a file, and interleaved as the backend packs them ("matmul packed").
import CKernels
import Glibc

enum MatmulBench {
    static let columns = [1, 2, 4, 8, 32, 128]
    /// Weights of one benchmark, at least: more than the caches hold, so that few columns show the speed of memory.
    private static let weightBytes = 96 << 20
    /// Rows a backend hands out at once.
    private static let chunkRows = 64

    /// Names first, so that a filter builds only what it measures.
    static func all(_ shape: ModelShape, _ options: Options, isa: String) -> [(name: String, make: () -> Benchmark?)] {
        WeightType.all.filter { options.type == nil || $0.label == options.type }.flatMap { type in
            let layouts = hasPackedKernel(type.type, isa: isa) ? [false, true] : [false]
            return shape.matrices.flatMap { matrix in
                columns.flatMap { n in
                    layouts.map { packed in
                        let name =
                            "matmul \(packed ? "packed " : "")\(isa) \(type.label) \(matrix.role) "
                            + "\(matrix.rows)x\(matrix.k) n=\(n)"
                        let product = Product(type: type, rows: matrix.rows, k: matrix.k, columns: n, packed: packed)
                        return (name, { make(name, product, isa: isa) })
                    }
                }
            }
        }
    }

    private struct Product {
        let type: WeightType
        let rows, k, columns: Int
        let packed: Bool
    }

    private static func hasPackedKernel(_ type: tensor_type, isa: String) -> Bool {
        isa != "scalar" && tensor_type_interleaves(type)
    }

    /// The same rows interleaved, in large pages as the backend has them.
    private static func interleaved(_ weights: Memory, _ type: tensor_type, rowBytes: Int) -> Memory {
        let packed = Memory(bytes: weights.count, largePages: true)
        for first in stride(from: 0, to: weights.count, by: interleaved_rows * rowBytes) {
            interleave_rows(type, weights.base + first, rowBytes, packed.base + first)
        }
        return packed
    }

    private static func make(_ name: String, _ product: Product, isa: String) -> Benchmark? {
        let (type, rows, k, columns) = (product.type, product.rows, product.k, product.columns)
        guard let table = kernels_for(isa), let scalar = kernels_for("scalar"), let rowBytes = type.rowBytes(k),
            let xBytes = type.activationBytes(k)
        else { return nil }
        let copies = max(1, weightBytes / (rows * rowBytes))
        let plain = Memory(weights: type, k: k, rows: rows * copies, rowBytes: rowBytes)
        let weights = product.packed ? interleaved(plain, type.type, rowBytes: rowBytes) : plain
        let (values, x) = (Memory(random: columns * k, seed: 1), Memory(bytes: columns * xBytes))
        kernels_quantize(
            table, type.info.activation, values.floats, x.base, columns * k / Int(type.activation.block_size))
        let y = Memory(bytes: rows * columns * 4)

        func multiply(_ table: UnsafePointer<kernel_table>, _ first: Int, _ count: Int, _ n: Int, _ out: Memory) {
            var arguments = matmul_args(
                w: weights.base + first * rowBytes, w_row_bytes: rowBytes, x: x.base, x_row_bytes: xBytes,
                y: out.floats + first % rows, y_stride: rows, k: k, rows: count, columns: n)
            if product.packed {
                kernels_matmul_interleaved(table, type.type, &arguments)
            } else {
                kernels_matmul(table, type.type, &arguments)
            }
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
