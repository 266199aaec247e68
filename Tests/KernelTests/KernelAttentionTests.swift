// Attention of every instruction set against Double, with shared prefixes, branches, soft cap, ALiBi and sinks; and a row in
// a batch against the row alone, bit by bit.
import CKernels
import Glibc
import Testing

/// One random call: rows that continue a common prefix as a trunk (causal) or as branches with cells of their own.
private struct AttentionCase: Sendable, CustomTestStringConvertible {
    var kind = "F32"
    var rows = 1
    var heads = 1
    var kDim = 32
    var vDim = 32
    var prefix = 0
    var branches = false
    var softcap: Float = 0
    var alibi = false
    var sinks = false

    var testDescription: String { "\(kind) rows \(rows) heads \(heads) dims \(kDim) \(vDim) prefix \(prefix)" }

    static let all: [AttentionCase] = [
        AttentionCase(),
        AttentionCase(rows: 3, heads: 2, kDim: 5, vDim: 9, prefix: 4),
        AttentionCase(kind: "F16", rows: 2, heads: 3, kDim: 64, vDim: 64, prefix: 31, branches: true),
        AttentionCase(kind: "F16", rows: 9, heads: 4, kDim: 80, vDim: 80, prefix: 33),
        AttentionCase(kind: "F16", rows: 5, heads: 1, kDim: 13, vDim: 7, prefix: 100, branches: true, softcap: 20),
        AttentionCase(kind: "F16", rows: 2, heads: 20, kDim: 24, vDim: 128, prefix: 40, alibi: true),
        AttentionCase(kind: "Q8_0", rows: 4, heads: 2, kDim: 64, vDim: 96, prefix: 64, sinks: true),
        AttentionCase(kind: "Q8_0", rows: 17, heads: 1, kDim: 32, vDim: 32, prefix: 3, branches: true, sinks: true),
        AttentionCase(rows: 6, heads: 5, kDim: 40, vDim: 72, prefix: 257, branches: true, alibi: true, sinks: true),
        AttentionCase(rows: 8, heads: 2, kDim: 64, vDim: 64, prefix: 0, branches: true),
        // Across windows of 256 cells: in the common cells, in the cells of single rows, and with sinks.
        AttentionCase(kind: "F16", rows: 9, heads: 4, kDim: 64, vDim: 64, prefix: 251),
        AttentionCase(kind: "F16", rows: 12, heads: 1, kDim: 64, vDim: 40, prefix: 767, branches: true, softcap: 8),
        AttentionCase(kind: "Q8_0", rows: 33, heads: 3, kDim: 64, vDim: 64, prefix: 530, branches: true, alibi: true),
        AttentionCase(rows: 7, heads: 2, kDim: 16, vDim: 24, prefix: 1030, branches: true, sinks: true),
    ]

    /// Cells each row sees, as (start, count) in order.
    func ranges(of row: Int) -> [cell_range] {
        if !branches { return [cell_range(start: 2, count: UInt32(prefix + row + 1))] }
        let (branch, depth) = (row % 3, row / 3)
        let own = cell_range(start: UInt32(prefix + 2 + 10 * branch), count: UInt32(depth + 1))
        return prefix > 0 ? [cell_range(start: 2, count: UInt32(prefix)), own] : [own]
    }

    func visible(to row: Int) -> [Int] { ranges(of: row).flatMap { Int($0.start)..<Int($0.start + $0.count) } }
}

/// The tensors of a case.
private struct AttentionData {
    let shape: AttentionCase
    let q, slopes, sinks: [Float]
    let k, v: [UInt8]
    let type: ListedType

    init(_ shape: AttentionCase) throws {
        self.shape = shape
        type = try #require(ListedType.labelled(shape.kind))
        var random = SplitMix64(state: UInt64(shape.rows + shape.prefix))
        let cells = shape.prefix + 40
        q = random.values(shape.rows * shape.heads * shape.kDim, in: -3...3)
        slopes = random.values(shape.heads, in: 0...1)
        sinks = random.values(shape.heads)
        k = type.quantize(random.values(cells * shape.kDim))
        v = type.quantize(random.values(cells * shape.vDim))
    }

    func run(_ table: kernel_table, rows: Range<Int>) -> [Float] {
        let ranges = rows.map(shape.ranges)
        var offsets: [UInt32] = [0]
        for list in ranges { offsets.append((offsets.last ?? 0) + UInt32(list.count)) }
        let width = shape.heads * shape.kDim
        var out = nanFilled(rows.count * shape.heads * shape.vDim)
        let flat = ranges.flatMap { $0 }
        let firstQ = Array(q[(rows.lowerBound * width)...])
        withAligned(k) { k in
            withAligned(v) { v in
                flat.withUnsafeBufferPointer { flat in
                    offsets.withUnsafeBufferPointer { offsets in
                        firstQ.withUnsafeBufferPointer { q in
                            out.withUnsafeMutableBufferPointer { out in
                                var a = attention_args()
                                (a.q, a.q_stride, a.k, a.v) = (q.baseAddress, width, k, v)
                                (a.kv_type, a.rows, a.heads_per_kv) = (type.type, rows.count, shape.heads)
                                (a.ranges, a.range_offsets) = (flat.baseAddress, offsets.baseAddress)
                                (a.out, a.out_stride) = (out.baseAddress, shape.heads * shape.vDim)
                                (a.k_dim, a.v_dim, a.scale, a.softcap) = (shape.kDim, shape.vDim, 0.3, shape.softcap)
                                attend(&a, table)
                            }
                        }
                    }
                }
            }
        }
        return out
    }

    private func attend(_ a: inout attention_args, _ table: kernel_table) {
        slopes.withUnsafeBufferPointer { slopes in
            sinks.withUnsafeBufferPointer { sinks in
                a.alibi_slopes = shape.alibi ? slopes.baseAddress : nil
                a.sinks = shape.sinks ? sinks.baseAddress : nil
                var scratch = nanFilled(attention_scratch_floats(&a))
                scratch.withUnsafeMutableBufferPointer {
                    a.scratch = $0.baseAddress
                    table.attention(&a)
                }
            }
        }
    }

    /// The formula in Double, for one row and head.
    func exact(row: Int, head: Int, _ keys: [Float], _ values: [Float]) -> [Double] {
        let cells = shape.visible(to: row)
        let base = (row * shape.heads + head) * shape.kDim
        var scores = cells.enumerated().map { index, cell in
            var s = 0.0
            for d in 0..<shape.kDim { s += Double(q[base + d]) * Double(keys[cell * shape.kDim + d]) }
            s *= Double(Float(0.3))
            if shape.softcap != 0 { s = Double(shape.softcap) * tanh(s / Double(shape.softcap)) }
            return shape.alibi ? s - Double(slopes[head]) * Double(cells.count - 1 - index) : s
        }
        let sink = shape.sinks ? exp(Double(sinks[head])) : 0
        scores = scores.map { exp($0) }
        let total = scores.reduce(sink, +)
        return (0..<shape.vDim).map { d in
            zip(scores, cells).reduce(0) { $0 + $1.0 * Double(values[$1.1 * shape.vDim + d]) } / total
        }
    }
}

struct KernelAttentionTests {
    @Test(arguments: ListedISA.all, AttentionCase.all)
    private func attentionEqualsTheFormula(isa: ListedISA, shape: AttentionCase) throws {
        let data = try AttentionData(shape)
        let out = data.run(try isa.table, rows: 0..<shape.rows)
        let (keys, values) = (data.type.dequantize(data.k), data.type.dequantize(data.v))
        for row in 0..<shape.rows {
            let cells = shape.visible(to: row).count
            for head in 0..<shape.heads {
                let expected = data.exact(row: row, head: head, keys, values)
                let q = Array(
                    data.q[(row * shape.heads + head) * shape.kDim..<(row * shape.heads + head + 1) * shape.kDim])
                // A score's error multiplies its weight: |q||k| with |k| <= sqrt(kDim); a soft cap's tanh is exact to eps * cap;
                // ALiBi adds a bias as large as the number of cells.
                let score =
                    Tolerance.value(
                        0.3 * Tolerance.norm(q) * Double(shape.kDim).squareRoot() + (shape.alibi ? Double(cells) : 0),
                        roundings: shape.kDim / 8 + 8)
                    + Tolerance.value(Double(shape.softcap), roundings: 8)
                let bound = 2 * score + Tolerance.value(1, roundings: cells / 8 + 24)
                for d in 0..<shape.vDim {
                    let value = Double(out[(row * shape.heads + head) * shape.vDim + d])
                    try #require(abs(value - expected[d]) <= bound, "row \(row), head \(head), value \(d)")
                }
            }
        }
    }

    @Test(arguments: ListedISA.all, AttentionCase.all)
    private func aRowDoesNotDependOnTheOthers(isa: ListedISA, shape: AttentionCase) throws {
        let data = try AttentionData(shape)
        let width = shape.heads * shape.vDim
        let all = data.run(try isa.table, rows: 0..<shape.rows)
        for row in 0..<shape.rows {
            let alone = data.run(try isa.table, rows: row..<row + 1)
            #expect(sameBits(alone, Array(all[row * width..<(row + 1) * width])))
        }
        let half = data.run(try isa.table, rows: shape.rows / 2..<shape.rows)
        #expect(sameBits(half, Array(all[(shape.rows / 2 * width)...])))
    }
}
