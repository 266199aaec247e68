// The self-test's cases: one or more per shader variant, each a few backend calls on random numbers.
// One idea: a case is written once against the Backend protocol and run twice, on the device and on the scalar CPU
// reference; for the reference weights are dequantised first, so both sides do exact arithmetic. Sizes are small and odd.

import CKernels
import Compute

/// One check of one variant.
struct SelfTestCase {
    /// As in ShaderLibrary.names.
    var variant: String
    var tolerance = SelfTest.tolerance
    var run: (SelfTestSide) throws(ComputeError) -> [Float]
}

/// The device, or the reference that it is compared with; both are fed the same numbers.
struct SelfTestSide {
    /// How weights are given to the backend: in their type, or dequantised to F32.
    enum Form { case given, exact }

    let backend: any Backend
    private let form: Form
    private let random = Numbers()

    init(_ backend: any Backend, form: Form) {
        self.backend = backend
        self.form = form
    }

    /// The same side with its numbers from the beginning.
    var restarted: SelfTestSide { SelfTestSide(backend, form: form) }

    func floats(_ shape: Int...) throws(ComputeError) -> Tensor {
        let count = shape.reduce(1, *)
        return try upload((0..<count).map { _ in random.float() }, shape)
    }

    /// Numbers that rounding to 8 bits leaves as they are: -127 ... 127 times 2^-7, in every block of 32 the largest.
    func steps(_ rows: Int, _ columns: Int) throws(ComputeError) -> Tensor {
        let values = (0..<rows * columns).map { i in
            i % 32 == 5 ? Float(127) / 128 : (random.float() * 127).rounded() / 128
        }
        return try upload(values, [rows, columns])
    }

    func upload(_ values: [Float], _ shape: [Int]) throws(ComputeError) -> Tensor {
        let memory = try Buffer(reserving: values.count * 4)
        let target = memory.contents.assumingMemoryBound(to: Float.self)
        for (i, value) in values.enumerated() { target[i] = value }
        // On a CPU the copy is looked at in place, and the operations may write to it: nobody else sees it.
        let bytes = UnsafeRawBufferPointer(start: memory.contents, count: values.count * 4)
        return try backend.weight(bytes, owner: memory, type: tensor_type_f32, shape: shape)
    }

    func empty(_ shape: Int...) throws(ComputeError) -> Tensor {
        try backend.makeTensor(type: tensor_type_f32, shape: shape)
    }

    func cache(_ type: tensor_type, _ shape: [Int]) throws(ComputeError) -> Tensor {
        try backend.makeTensor(type: type, shape: shape)
    }

    /// A random weight `[out, in]`.
    func weight(_ type: tensor_type, _ out: Int, _ columns: Int) throws(ComputeError) -> Tensor {
        let info = tensor_type_get(type).pointee
        let blocks = out * columns / Int(info.block_size)
        let memory = try Buffer(reserving: blocks * Int(info.block_bytes))
        for i in 0..<blocks { random.fill(memory.contents + i * Int(info.block_bytes), type) }
        if form == .given {
            let bytes = UnsafeRawBufferPointer(start: memory.contents, count: memory.byteCount)
            return try backend.weight(bytes, owner: memory, type: type, shape: [out, columns])
        }
        let exact = try Buffer(reserving: out * columns * 4)
        info.dequantize(memory.contents, exact.contents.assumingMemoryBound(to: Float.self), blocks)
        return Tensor(buffer: exact, shape: [out, columns])
    }

    /// Where random numbers come from: both sides draw in the same order.
    private final class Numbers {
        private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

        func bits() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }

        /// In -1 ..< 1.
        func float() -> Float { Float(bits() >> 40) / Float(1 << 23) - 1 }

        /// One block: random bits with scales of sane size, or random values quantised.
        func fill(_ block: UnsafeMutableRawPointer, _ type: tensor_type) {
            let info = tensor_type_get(type).pointee
            if let quantize = info.quantize {
                let values = (0..<Int(info.block_size)).map { _ in float() }
                return quantize(values, block, 1)
            }
            for i in 0..<Int(info.block_bytes) {
                block.storeBytes(of: UInt8(bits() >> 56), toByteOffset: i, as: UInt8.self)
            }
            for place in SelfTestSide.scalePlaces[type] ?? [] {
                let scale = f32_to_f16(0.002 + abs(float()) * 0.002)
                block.storeBytes(of: scale, toByteOffset: place, as: UInt16.self)
            }
        }
    }

    /// Where the f16 scales stand in the blocks of types that have no quantiser.
    private static let scalePlaces: [tensor_type: [Int]] = [
        tensor_type_q2_K: [80, 82], tensor_type_q3_K: [108], tensor_type_iq4_xs: [0],
    ]
}

enum SelfTestCases {
    /// Types that have shaders of their own.
    static let types: [tensor_type] = (0..<tensor_type_count.rawValue).map { tensor_type($0) }.filter {
        ShaderLibrary.indices[VulkanBackend.variant(.matvec, $0)] != nil
    }

    static var all: [SelfTestCase] { common + types.map(expertTiles) }

    /// Those of a CPU too, which rounds the values between an expert's products: of many rows some would be rounded to the
    /// other side.
    static var common: [SelfTestCase] { elements + cells + types.flatMap(products) + types.map(experts) }

    /// Those of a backend that uses integer dot products.
    static var integerDots: [SelfTestCase] {
        types.filter { ShaderLibrary.indices[VulkanBackend.variant(.dotvec, $0)] != nil }.flatMap {
            dots($0) + expertDots($0)
        }
    }

    /// Those of a backend that uses cooperative matrices; `halve` runs before each.
    static var matrices: [SelfTestCase] {
        let replaced: [(VulkanBackend.TypedOperation, VulkanBackend.TypedOperation)] = [
            (.matmul, .coopmul), (.expertmul, .coopexpertmul),
        ]
        return types.flatMap { type in
            replaced.flatMap { plain, cooperative -> [SelfTestCase] in
                let (usual, variant) = (VulkanBackend.variant(plain, type), VulkanBackend.variant(cooperative, type))
                guard ShaderLibrary.indices[variant] != nil else { return [] }
                return (products(type) + [expertTiles(type)]).filter { $0.variant == usual }.map {
                    SelfTestCase(variant: variant, tolerance: SelfTest.halfTolerance, run: $0.run)
                }
            }
        }
    }

    /// `quantize` runs before each; what it does wrong, these do.
    private static func dots(_ type: tensor_type) -> [SelfTestCase] {
        let product = { (rows: Int, out: Int) in
            { (side: SelfTestSide) throws(ComputeError) -> [Float] in
                let (weight, bias) = (try side.weight(type, out, 512), try side.floats(out))
                let (x, y) = (try side.steps(rows, 512), try side.empty(rows, out))
                side.backend.project(x, through: [Projection(weight, bias: rows % 2 == 0 ? bias : nil, into: y)])
                return try side.backend.read(y)
            }
        }
        let (vector, tile) = (VulkanBackend.variant(.dotvec, type), VulkanBackend.variant(.dotmul, type))
        return [1, 2, 3, 11].map { SelfTestCase(variant: vector, run: product($0, 13)) }
            + [SelfTestCase(variant: tile, run: product(VulkanBackend.matvecRows + 35, 70))]
    }

    // MARK: Products

    private static func products(_ type: tensor_type) -> [SelfTestCase] {
        // Plain types may have rows of any length.
        let columns = tensor_type_get(type).pointee.block_size == 1 ? 333 : 512
        let product = { (rows: Int, out: Int) in
            { (side: SelfTestSide) throws(ComputeError) -> [Float] in
                let weight = try side.weight(type, out, columns)
                let bias = try side.floats(out)
                let (x, y) = (try side.floats(rows, columns), try side.empty(rows, out))
                side.backend.project(x, through: [Projection(weight, bias: rows % 2 == 0 ? bias : nil, into: y)])
                return try side.backend.read(y)
            }
        }
        // As weights are after loading: a backend may interleave a multiple of 8 rows.
        let packed = { (side: SelfTestSide) throws(ComputeError) -> [Float] in
            let weight = try side.backend.pack([side.weight(type, 24, columns)]) { _ in }[0]
            let (x, y) = (try side.floats(3, columns), try side.empty(3, 24))
            side.backend.project(x, through: [Projection(weight, into: y)])
            return try side.backend.read(y)
        }
        let embed = { (side: SelfTestSide) throws(ComputeError) -> [Float] in
            let table = try side.weight(type, 7, columns)
            let y = try side.empty(3, columns)
            side.backend.embed([6, 0, 3], table: table, into: y, accumulate: false)
            side.backend.embed([1, 5, 6], table: table, into: y, accumulate: true)
            return try side.backend.read(y)
        }
        let (vector, tile) = (VulkanBackend.variant(.matvec, type), VulkanBackend.variant(.matmul, type))
        return [SelfTestCase(variant: VulkanBackend.variant(.embed, type), run: embed)]
            + [1, 2, 3, 11].map { SelfTestCase(variant: vector, run: product($0, 13)) }
            + [
                SelfTestCase(variant: vector, run: packed),
                SelfTestCase(variant: tile, run: product(VulkanBackend.matvecRows + 35, 70)),
            ]
    }

    // MARK: Caches

    private static var cells: [SelfTestCase] {
        [tensor_type_f32, tensor_type_f16, tensor_type_q8_0].map { type in
            SelfTestCase(variant: VulkanBackend.variant(.attention, type)) { (side) throws(ComputeError) in
                try attention(side, type, softcap: 0) + attention(side, type, softcap: 5)
            }
        } + [
            SelfTestCase(variant: "store") { (side) throws(ComputeError) in try storing(side) },
            SelfTestCase(variant: "cells") { (side) throws(ComputeError) in try copying(side) },
        ]
    }

    /// Two branches behind a prefix longer than one tile of cells, two query heads per KV head.
    private static func attention(_ side: SelfTestSide, _ type: tensor_type, softcap: Float)
        throws(ComputeError) -> [Float]
    {
        let (heads, kvHeads, cells, keyDim, valueDim) = (4, 2, 200, 64, 96)
        let keys = try side.cache(type, [kvHeads, cells, keyDim])
        let values = try side.cache(type, [kvHeads, cells, valueDim])
        let places = (0..<UInt32(cells)).map { $0 }
        side.backend.store(try side.floats(cells, kvHeads * keyDim), in: keys, cells: places[...])
        side.backend.store(try side.floats(cells, kvHeads * valueDim), in: values, cells: places[...])
        let visible = VisibleCells(
            ranges: [(0, 150), (0, 150), (170, 5), (3, 1)].map { cell_range(start: $0.0, count: $0.1) },
            offsets: [0, 1, 3, 4])
        var attention = Attention(
            q: try side.floats(3, heads * keyDim), out: try side.empty(3, heads * valueDim),
            caches: [
                CacheRows(rows: 0..<2, keys: keys, values: values), CacheRows(rows: 2..<3, keys: keys, values: values),
            ],
            visible: visible, heads: (heads, kvHeads))
        attention.scale = 0.3
        attention.softcap = softcap
        if softcap != 0 {
            attention.alibiSlopes = [0.5, 0.25, 0.125, 0.0625]
            attention.sinks = try side.floats(heads)
        }
        side.backend.attend(attention)
        return try side.backend.read(attention.out)
    }

    /// What went into a cache is read back by attention that sees one cell.
    private static func storing(_ side: SelfTestSide) throws(ComputeError) -> [Float] {
        var result: [Float] = []
        for type in [tensor_type_f32, tensor_type_f16, tensor_type_q8_0] {
            let cache = try side.cache(type, [3, 8, 32])
            let order: [UInt32] = [5, 0, 7, 1, 6]
            side.backend.store(try side.floats(5, 96), in: cache, cells: order[...])
            result += try contents(side, cache)
        }
        return result
    }

    private static func copying(_ side: SelfTestSide) throws(ComputeError) -> [Float] {
        let cache = try side.cache(tensor_type_f16, [3, 8, 32])
        let other = try side.cache(tensor_type_f16, [3, 9, 32])
        side.backend.store(try side.floats(8, 96), in: cache, cells: (0..<8).map { UInt32($0) }[...])
        side.backend.copyCells([CellMove(from: 1, to: 0, count: 6)], from: cache, to: cache)
        side.backend.copyCells([CellMove(from: 5, to: 2, count: 3)], from: cache, to: other)
        return try contents(side, cache) + contents(side, other)
    }

    /// Every cell of a cache, by rows that see one cell each.
    private static func contents(_ side: SelfTestSide, _ cache: Tensor) throws(ComputeError) -> [Float] {
        let (heads, cells) = (cache.shape[0], cache.shape[1])
        let visible = VisibleCells(
            ranges: (0..<cells).map { cell_range(start: UInt32($0), count: 1) }, offsets: (0...cells).map { UInt32($0) }
        )
        let attention = Attention(
            q: try side.floats(cells, heads * cache.columns), out: try side.empty(cells, heads * cache.columns),
            caches: [CacheRows(rows: 0..<cells, keys: cache, values: cache)], visible: visible, heads: (heads, heads))
        side.backend.attend(attention)
        return try side.backend.read(attention.out)
    }

    // MARK: Elements

    private static var elements: [SelfTestCase] {
        [
            SelfTestCase(variant: "norm") { (side) throws(ComputeError) in
                let (x, y) = (try side.floats(5, 6 * 67), try side.empty(5, 6 * 67))
                let (weight, bias) = (try side.floats(3, 67), try side.floats(3, 67))
                side.backend.normalize(x, with: Norm(kind: .rms, width: 67, weight: weight, epsilon: 1e-5), into: y)
                let rms = try side.backend.read(y)
                let layer = Norm(kind: .layer, width: 67, weight: weight, bias: bias, epsilon: 1e-5)
                side.backend.normalize(x, with: layer, into: x)
                return try rms + side.backend.read(x)
            },
            SelfTestCase(variant: "rope") { (side) throws(ComputeError) in
                let x = try side.floats(5, 3 * 20)
                let angles = (0..<5 * 16).map { Float($0) * 0.01 }
                for style in [rope_style_adjacent, rope_style_halves] {
                    side.backend.rotate(x, heads: 3, by: Rotation(cosSin: angles, pairs: 8, style: style))
                }
                return try side.backend.read(x)
            },
            SelfTestCase(variant: "activate") { (side) throws(ComputeError) in
                var result: [Float] = []
                let kinds: [Activation] = [.silu, .gelu, .geluTanh, .relu, .reluSquared, .clampedSwiGLU]
                for kind in kinds {
                    let (gate, up, y) = (try side.floats(3, 67), try side.floats(3, 67), try side.empty(3, 67))
                    side.backend.scale(gate, by: 9, softcap: 0)
                    side.backend.activate(kind, gate: gate, up: up, into: y)
                    result += try side.backend.read(y)
                    if kind == .clampedSwiGLU { continue }
                    side.backend.activate(kind, gate: gate, up: nil, into: gate)
                    result += try side.backend.read(gate)
                }
                return result
            },
            SelfTestCase(variant: "add") { (side) throws(ComputeError) in
                let (x, y) = (try side.floats(3, 67), try side.floats(3, 67))
                side.backend.add(x, scale: -0.7, to: y)
                return try side.backend.read(y)
            },
            SelfTestCase(variant: "scale") { (side) throws(ComputeError) in
                let x = try side.floats(3, 67)
                side.backend.scale(x, by: 30, softcap: 20)
                return try side.backend.read(x)
            },
            SelfTestCase(variant: "gather") { (side) throws(ComputeError) in
                let (x, y) = (try side.floats(5, 67), try side.empty(3, 67))
                side.backend.gather([4, 0, 4], of: x, into: y)
                return try side.backend.read(y)
            },
            SelfTestCase(variant: "logprob") { (side) throws(ComputeError) in
                let logits = try side.floats(3, 1111)
                side.backend.scale(logits, by: 12, softcap: 0)
                let log = try side.backend.keep([1], of: logits)[0].logSumExp
                return try side.backend.logProbabilities(of: [7, nil, 1110], logits: logits) + [Float(log)]
            },
            SelfTestCase(variant: "argmax") { (side) throws(ComputeError) in
                // Rows of 1000 whose largest values, the same several times, lie in one thread's part and in others'.
                var values = (0..<4000).map { Float($0 * 37 % 501) - 501 }
                for place in [999, 300, 44, 1007, 1263, 3256, 3000] { values[place] = 0.5 }
                let rows = try side.backend.keep([3, 0, 1, 2], of: try side.upload(values, [4, 1000]))
                var found: [Float] = []
                for row in rows { found += [Float(row.argmax)] + (try row.values(of: [row.argmax])) }
                return found
            },
        ]
    }
}
