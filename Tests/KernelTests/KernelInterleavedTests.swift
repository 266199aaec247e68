// Interleaved weights: the form itself, and every kernel for it against the kernel for plain rows, bit by bit (types with
// float activations, whose order of summation differs: against the reference, and all instruction sets alike).
import CKernels
import Testing

/// Weights of a product, interleaved; rows are a multiple of 8.
private struct InterleavedProduct {
    let product: Product
    let weights: [UInt8]
    var type: ListedType { product.type }

    init(_ type: ListedType, k: Int, rows: Int, columns: Int) {
        let product = Product(type, k: k, rows: rows, columns: columns)
        let groupBytes = 8 * product.weightRowBytes
        self.product = product
        weights = (0..<rows / 8).flatMap { group in
            var packed = [UInt8](repeating: 0xAA, count: groupBytes)
            let plain = Array(product.weights[group * groupBytes..<(group + 1) * groupBytes])
            interleave_rows(type.type, plain, product.weightRowBytes, &packed)
            return packed
        }
    }

    func run(_ table: kernel_table, groups: Range<Int>, columns: Range<Int>, stride: Int) -> [Float] {
        var y = nanFilled(stride * columns.count)
        let (rowBytes, xBytes) = (product.weightRowBytes, product.activationRowBytes)
        withAligned(Array(weights[groups.lowerBound * 8 * rowBytes..<groups.upperBound * 8 * rowBytes])) { w in
            withAligned(Array(product.activations.dropFirst(columns.lowerBound * xBytes))) { x in
                y.withUnsafeMutableBufferPointer { y in
                    var arguments = matmul_args(
                        w: w, w_row_bytes: rowBytes, x: x, x_row_bytes: xBytes, y: y.baseAddress, y_stride: stride,
                        k: product.k, rows: groups.count * 8, columns: columns.count)
                    withUnsafePointer(to: table) { kernels_matmul_interleaved($0, type.type, &arguments) }
                }
            }
        }
        return y
    }
}

struct KernelInterleavedTests {
    static let types = ListedType.multiplicable.filter { tensor_type_interleaves($0.type) }

    @Test func theCommonTypesInterleave() {
        let labels = Set(Self.types.map(\.label))
        let expected: Set = ["Q4_0", "Q5_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4"]
        #expect(labels.isSuperset(of: expected))
    }

    @Test(arguments: types)
    func everyBlockIsFoundAgain(type: ListedType) {
        let k = 3 * type.blockSize
        let interleaved = InterleavedProduct(type, k: k, rows: 16, columns: 1)
        let rowBytes = interleaved.product.weightRowBytes
        #expect(interleaved.weights.sorted() == interleaved.product.weights.sorted())
        for row in 0..<16 {
            for block in 0..<3 {
                var found = [UInt8](repeating: 0xAA, count: type.blockBytes)
                let first = row / 8 * 8 * rowBytes + block * 8 * type.blockBytes
                let group = Array(interleaved.weights[first..<first + 8 * type.blockBytes])
                take_interleaved_block(type.type, group, row % 8, &found)
                let start = row * rowBytes + block * type.blockBytes
                #expect(found == Array(interleaved.product.weights[start..<start + type.blockBytes]))
            }
        }
    }

    @Test(arguments: types.filter { $0.activation.label == "F32" }, ListedISA.fast)
    func interleavedFloatsEqualTheReference(type: ListedType, isa: ListedISA) throws {
        let (scalar, table) = (try ListedISA(name: "scalar").table, try isa.table)
        let (slow, quick) = (try #require(ListedISA.fast.first).table, try #require(ListedISA.fast.last).table)
        for (k, columns) in [(1, 1), (2, 7), (3, 3), (31, 14), (33, 2), (255, 4), (256, 5), (257, 13), (600, 6)] {
            let interleaved = InterleavedProduct(type, k: k, rows: 40, columns: columns)
            let (expected, y) = (
                interleaved.product.run(scalar),
                interleaved.run(table, groups: 0..<5, columns: 0..<columns, stride: 40)
            )
            for c in 0..<columns {
                let x = interleaved.product.activationColumn(c)
                for r in 0..<40 {
                    let bound = Tolerance.dot(interleaved.product.weightRow(r), x, roundings: k + 16)
                    let difference = abs(Double(y[c * 40 + r]) - Double(expected[c * 40 + r]))
                    try #require(difference <= bound, "k \(k), row \(r), column \(c)")
                }
            }
            let all = [slow, quick].map { interleaved.run($0, groups: 0..<5, columns: 0..<columns, stride: 40) }
            #expect(sameBits(all[0], all[1]))
        }
    }

    @Test(arguments: types.filter { $0.activation.label != "F32" }, ListedISA.all)
    func interleavedRowsGiveTheBitsOfPlainRows(type: ListedType, isa: ListedISA) throws {
        let table = try isa.table
        let step = max(type.blockSize, type.activation.blockSize)
        for (blocks, columns) in [(1, 68), (2, 1), (3, 2), (5, 3), (8, 5), (9, 33), (step == 32 ? 131 : 35, 66)] {
            let interleaved = InterleavedProduct(type, k: blocks * step, rows: 32, columns: columns)
            let expected = interleaved.product.run(table)
            let y = interleaved.run(table, groups: 0..<4, columns: 0..<columns, stride: 32)
            try #require(sameBits(y, expected), "\(blocks) blocks, \(columns) columns")
        }
    }

    @Test(arguments: types, ListedISA.all)
    func anElementDoesNotDependOnTheOthersAndNothingElseIsWritten(type: ListedType, isa: ListedISA) throws {
        let table = try isa.table
        let step = max(type.blockSize, type.activation.blockSize)
        let interleaved = InterleavedProduct(type, k: 3 * step, rows: 40, columns: 36)
        let all = interleaved.run(table, groups: 0..<5, columns: 0..<36, stride: 40)
        for (groups, columns) in [(0..<1, 0..<1), (1..<4, 3..<5), (4..<5, 0..<7), (0..<3, 2..<35), (2..<5, 30..<36)] {
            let part = interleaved.run(table, groups: groups, columns: columns, stride: groups.count * 8 + 3)
            let unwritten: [Float] = [.nan, .nan, .nan]
            let expected = columns.flatMap { c -> [Float] in
                let first = c * 40 + groups.lowerBound * 8
                return Array(all[first..<first + groups.count * 8]) + unwritten
            }
            try #require(sameBits(part, expected), "groups \(groups), columns \(columns)")
        }
    }
}
