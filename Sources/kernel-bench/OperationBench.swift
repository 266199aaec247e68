// The other slots of the kernel table over a model's shapes: norms, softmax, RoPE, activations, attention.
import CKernels

enum OperationBench {
    typealias Entry = (name: String, make: () -> Benchmark?)

    static func all(_ shape: ModelShape, isa: String) -> [Entry] {
        guard let table = kernels_for(isa), let scalar = kernels_for("scalar") else { return [] }
        return rows(shape, isa, table, scalar) + attention(shape, isa, table, scalar)
    }

    /// Operations that turn one row into another.
    private static func rows(
        _ shape: ModelShape, _ isa: String, _ fast: UnsafePointer<kernel_table>, _ scalar: UnsafePointer<kernel_table>
    ) -> [Entry] {
        operations(shape).map { operation in
            let (name, n) = ("\(operation.name) \(isa) n=\(operation.n)", operation.n)
            return (
                name,
                {
                    let (x, y, expected) = (
                        Memory(random: n, seed: 3), Memory(random: n, seed: 4), Memory(random: n, seed: 4)
                    )
                    return Benchmark(
                        name: name, bytes: n * 8, operations: n,
                        error: {
                            operation.body(fast.pointee, x.floats, y.floats, n)
                            operation.body(scalar.pointee, x.floats, expected.floats, n)
                            return relativeError(y.values, expected.values)
                        },
                        bound: 1e-5, run: { operation.body(fast.pointee, x.floats, y.floats, n) })
                }
            )
        }
    }

    private typealias Body = (kernel_table, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

    private static func operations(_ shape: ModelShape) -> [(name: String, n: Int, body: Body)] {
        let (width, wide, pairs) = (shape.embedding, shape.feedForward, shape.headDimension / 2)
        return [
            ("rms_norm", width, { $0.rms_norm($1, $1, $2, $3, 1e-5) }),
            ("layer_norm", width, { $0.layer_norm($1, $1, $1, $2, $3, 1e-5) }),
            (
                "softmax", 4096,
                { table, x, y, n in
                    y.update(from: x, count: n)
                    _ = table.softmax(y, n)
                }
            ),
            ("log_sum_exp", 128256, { $2[0] = $0.log_sum_exp($1, $3) }),
            (
                "rope adjacent", 2 * pairs,
                { table, x, y, n in
                    y.update(from: x, count: n)
                    table.rope(y, x, n / 2, rope_style_adjacent)
                }
            ),
            (
                "rope halves", 2 * pairs,
                { table, x, y, n in
                    y.update(from: x, count: n)
                    table.rope(y, x, n / 2, rope_style_halves)
                }
            ),
            ("silu", wide, { $0.activate(activation_silu, $1, $1, $2, $3) }),
            ("gelu", wide, { $0.activate(activation_gelu, $1, $1, $2, $3) }),
            ("gelu_tanh", wide, { $0.activate(activation_gelu_tanh, $1, $1, $2, $3) }),
            ("relu", wide, { $0.activate(activation_relu, $1, $1, $2, $3) }),
            ("relu_squared", wide, { $0.activate(activation_relu_squared, $1, $1, $2, $3) }),
            (
                "add_scaled", width,
                { table, x, y, n in
                    y[0] = x[0]
                    table.add_scaled(x, 1e-9, y, n)
                }
            ),
        ]
    }

    /// One KV head at a prefix of 1024 cells: one row, 8 candidates of one token, a prompt of 128.
    private static func attention(
        _ shape: ModelShape, _ isa: String, _ fast: UnsafePointer<kernel_table>, _ scalar: UnsafePointer<kernel_table>
    ) -> [Entry] {
        [("F32", tensor_type_f32), ("F16", tensor_type_f16), ("Q8_0", tensor_type_q8_0)].flatMap { label, type in
            [1, 8, 128].map { rows in
                let name =
                    "attention \(isa) \(label) heads=\(shape.queryHeads / shape.kvHeads) prefix=1024 rows=\(rows)"
                return (
                    name,
                    {
                        let call = AttentionCall(shape, WeightType(type: type), rows: rows)
                        return Benchmark(
                            name: name, bytes: call.keys.count + call.values.count,
                            operations: 4 * rows * (shape.queryHeads / shape.kvHeads) * shape.headDimension * 1025,
                            error: {
                                call.run(fast, into: call.out)
                                call.run(scalar, into: call.expected)
                                return relativeError(call.out.values, call.expected.values)
                            },
                            bound: 1e-5, run: { call.run(fast, into: call.out) }, arithmetic: .f32)
                    }
                )
            }
        }
    }
}

/// Everything one attention call points to.
final class AttentionCall {
    let keys, values, q, out, expected, scratch: Memory
    private let ranges: UnsafeMutablePointer<cell_range>
    private let offsets: UnsafeMutablePointer<UInt32>
    private var arguments = attention_args()

    init(_ shape: ModelShape, _ type: WeightType, rows: Int) {
        let (prefix, heads, dim) = (1024, shape.queryHeads / shape.kvHeads, shape.headDimension)
        let cells = prefix + rows
        let source = Memory(random: cells * dim, seed: 5)
        let bytes = cells * dim / Int(type.info.block_size) * Int(type.info.block_bytes)
        (keys, values) = (Memory(bytes: bytes), Memory(bytes: bytes))
        type.info.quantize(source.floats, keys.base, cells * dim / Int(type.info.block_size))
        values.base.copyMemory(from: keys.base, byteCount: bytes)
        q = Memory(random: rows * heads * dim, seed: 6)
        (out, expected) = (Memory(bytes: rows * heads * dim * 4), Memory(bytes: rows * heads * dim * 4))
        ranges = .allocate(capacity: 2 * rows)
        offsets = .allocate(capacity: rows + 1)
        for row in 0..<rows {  // the prefix, then a cell of its own
            ranges[2 * row] = cell_range(start: 0, count: UInt32(prefix))
            ranges[2 * row + 1] = cell_range(start: UInt32(prefix + row), count: 1)
        }
        for row in 0...rows { offsets[row] = UInt32(2 * row) }
        (arguments.q, arguments.q_stride) = (UnsafePointer(q.floats), heads * dim)
        (arguments.k, arguments.v, arguments.kv_type) = (
            UnsafeRawPointer(keys.base), UnsafeRawPointer(values.base), type.type
        )
        (arguments.ranges, arguments.range_offsets) = (UnsafePointer(ranges), UnsafePointer(offsets))
        (arguments.out_stride, arguments.rows, arguments.heads_per_kv) = (heads * dim, rows, heads)
        (arguments.k_dim, arguments.v_dim, arguments.scale) = (dim, dim, 0.125)
        scratch = Memory(bytes: attention_scratch_floats(&arguments) * 4)
        arguments.scratch = scratch.floats
    }

    deinit {
        ranges.deallocate()
        offsets.deallocate()
    }

    func run(_ table: UnsafePointer<kernel_table>, into out: Memory) {
        arguments.out = out.floats
        table.pointee.attention(&arguments)
    }
}
