// Every matmul kernel against the scalar one over awkward shapes, its independence of rows and columns bit by bit, and the
// activation quantisers bit by bit.
import CKernels
import Testing

/// A product y[columns, rows] of random weights and activations; `rows` and `columns` may be cut out of it.
struct Product {
    let type: ListedType
    let k, rows, columns: Int
    let weights, activations: [UInt8]
    var weightRowBytes: Int { k / type.blockSize * type.blockBytes }
    var activationRowBytes: Int { k / type.activation.blockSize * type.activation.blockBytes }

    init(_ type: ListedType, k: Int, rows: Int, columns: Int) {
        (self.type, self.k, self.rows, self.columns) = (type, k, rows, columns)
        var random = SplitMix64(state: UInt64(k * 1000 + rows * 10 + columns))
        // A few blocks, repeated with a period that no row length divides.
        let pool = type.randomBlocks(min(k / type.blockSize * rows, 61), using: &random)
        let bytes = k / type.blockSize * type.blockBytes * rows
        weights = (0..<bytes).map { pool[$0 % pool.count] }
        activations = type.activation.quantize(random.values(columns * k))
    }

    func run(
        _ table: kernel_table, rows range: Range<Int>? = nil, columns columnRange: Range<Int>? = nil, stride: Int? = nil
    ) -> [Float] {
        let (r, c) = (range ?? 0..<rows, columnRange ?? 0..<columns)
        var y = nanFilled((stride ?? r.count) * c.count)
        withAligned(Array(weights.dropFirst(r.lowerBound * weightRowBytes))) { w in
            withAligned(Array(activations.dropFirst(c.lowerBound * activationRowBytes))) { x in
                y.withUnsafeMutableBufferPointer { y in
                    var arguments = matmul_args(
                        w: w, w_row_bytes: weightRowBytes, x: x, x_row_bytes: activationRowBytes, y: y.baseAddress,
                        y_stride: stride ?? r.count, k: k, rows: r.count, columns: c.count)
                    withUnsafePointer(to: table) { kernels_matmul($0, type.type, &arguments) }
                }
            }
        }
        return y
    }

    func weightRow(_ row: Int) -> [Float] {
        type.dequantize(Array(weights[row * weightRowBytes..<(row + 1) * weightRowBytes]))
    }

    func activationColumn(_ c: Int) -> [Float] {
        type.activation.dequantize(Array(activations[c * activationRowBytes..<(c + 1) * activationRowBytes]))
    }
}

struct KernelMatmulTests {
    /// Row lengths in values, multiples of the block; some are longer than the kernels' panels of 128 blocks.
    private static func lengths(_ type: ListedType) -> [Int] {
        let step = max(type.blockSize, type.activation.blockSize)
        switch step {
        case 1: return [1, 2, 3, 31, 32, 33, 255, 256, 257]
        case 256: return [256, 512, 768, 1280]
        default: return [1, 2, 3, 7, 8, 9].map { $0 * step } + [(4096 / step + 3) * step]
        }
    }

    @Test(arguments: ListedType.multiplicable, ListedISA.fast)
    func matmulEqualsTheReference(type: ListedType, isa: ListedISA) throws {
        let (scalar, fast) = (try ListedISA(name: "scalar").table, try isa.table)
        for (index, k) in Self.lengths(type).enumerated() {
            let product = Product(
                type, k: k, rows: [1, 7, 8, 9, 17][index % 5], columns: [1, 4, 2, 3, 5, 6, 7][index % 7])
            let (y, expected) = (product.run(fast), product.run(scalar))
            let roundings = 4 * k / max(type.blockSize, type.activation.blockSize) + 16
            for c in 0..<product.columns {
                let x = product.activationColumn(c)
                for r in 0..<product.rows {
                    let bound = Tolerance.dot(product.weightRow(r), x, roundings: roundings, parts: 8)
                    let i = c * product.rows + r
                    try #require(abs(Double(y[i]) - Double(expected[i])) <= bound, "k \(k), row \(r), column \(c)")
                }
            }
        }
    }

    @Test(arguments: ListedType.multiplicable, ListedISA.all)
    func anElementDoesNotDependOnTheOthers(type: ListedType, isa: ListedISA) throws {
        let table = try isa.table
        let step = max(type.blockSize, type.activation.blockSize)
        let product = Product(type, k: step == 1 ? 77 : 3 * step, rows: 26, columns: 68)
        let all = product.run(table)
        for (rows, columns) in [
            (0..<1, 0..<1), (5..<6, 3..<4), (1..<26, 0..<2), (3..<12, 1..<4), (0..<8, 2..<6), (7..<15, 0..<5),
            (24..<26, 0..<6), (2..<5, 0..<7), (0..<26, 0..<8), (8..<9, 1..<10), (0..<3, 10..<42), (9..<26, 3..<68),
        ] {
            let part = product.run(table, rows: rows, columns: columns)
            let expected = columns.flatMap { c in rows.map { all[c * 26 + $0] } }
            try #require(sameBits(part, expected), "rows \(rows), columns \(columns)")
        }
    }

    /// Many columns pass over long rows in several runs of blocks, one column in one run.
    @Test(arguments: ListedType.multiplicable.filter { $0.activation.label != "F32" }, ListedISA.fast)
    func longRowsOfManyColumnsHaveTheBitsOfOneColumn(type: ListedType, isa: ListedISA) throws {
        let table = try isa.table
        let step = max(type.blockSize, type.activation.blockSize)
        let product = Product(type, k: (step == 32 ? 131 : 35) * step, rows: 9, columns: 66)
        let all = product.run(table)
        for column in [0, 31, 32, 65] {
            let alone = product.run(table, rows: 0..<9, columns: column..<column + 1)
            try #require(sameBits(alone, Array(all[column * 9..<column * 9 + 9])), "column \(column)")
        }
    }

    /// Sums inside blocks are exact integers and blocks are added in order: every fast instruction set gives the same bits.
    @Test(
        .enabled(if: ListedISA.fast.count > 1),
        arguments: ListedType.multiplicable.filter { $0.activation.label != "F32" })
    func fastInstructionSetsAgreeToTheBit(type: ListedType) throws {
        let product = Product(type, k: 5 * max(type.blockSize, type.activation.blockSize), rows: 19, columns: 15)
        let results = try ListedISA.fast.map { product.run(try $0.table) }
        for result in results { #expect(sameBits(result, results[0])) }
    }

    @Test(arguments: ListedType.multiplicable, ListedISA.fast)
    func nothingIsWrittenBetweenColumns(type: ListedType, isa: ListedISA) throws {
        let product = Product(type, k: 256, rows: 11, columns: 5)
        let (packed, spread) = (product.run(try isa.table), product.run(try isa.table, stride: 16))
        for c in 0..<5 {
            #expect(sameBits(Array(spread[c * 16..<c * 16 + 11]), Array(packed[c * 11..<c * 11 + 11])))
            #expect(spread[c * 16 + 11..<c * 16 + 16].allSatisfy { $0.isNaN })
        }
    }

    @Test(arguments: Set(ListedType.multiplicable.map(\.activation)).sorted { $0.index < $1.index }, ListedISA.fast)
    func quantisersGiveTheReferenceBits(type: ListedType, isa: ListedISA) throws {
        let table = try isa.table
        var random = SplitMix64(state: 9)
        let scales: [Float] = [1, 0, 1e-38, 1e-30, 1e30, 3e38, 127, 0.5]
        for special in [Float.nan, .infinity, 1, -1, 0.5] {
            var values = random.values(8 * 256)
            for i in values.indices { values[i] *= scales[i / 256] }
            // Halves and equal extremes of both signs decide how ties are broken.
            for i in 0..<256 { values[6 * 256 + i] = (values[6 * 256 + i] * 2).rounded() / 2 }
            values[300] = special
            values[7 * 256 + 40] = -0.5
            values[7 * 256 + 41] = 0.5
            let blocks = values.count / type.blockSize
            var words = [UInt64](repeating: 0xAAAA_AAAA_AAAA_AAAA, count: (blocks * type.blockBytes + 7) / 8)
            let bytes = words.withUnsafeMutableBytes { raw in
                withUnsafePointer(to: table) { kernels_quantize($0, type.type, values, raw.baseAddress, blocks) }
                return Array(raw.prefix(blocks * type.blockBytes))
            }
            #expect(bytes == type.quantize(values), "special value \(special)")
        }
    }
}
