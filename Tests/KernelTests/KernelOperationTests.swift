// Norms, softmax, RoPE, activations and scaled addition of every instruction set (the reference included) against Double.
import CKernels
import Glibc
import Testing

private let lengths = [1, 2, 3, 7, 8, 9, 31, 32, 33, 255, 256, 257, 1000]

struct KernelOperationTests {
    @Test(arguments: ListedISA.all, lengths)
    func norms(isa: ListedISA, n: Int) throws {
        let table = try isa.table
        var random = SplitMix64(state: UInt64(n))
        let (x, w, b) = (random.values(n, in: -3...3), random.values(n), random.values(n))
        let eps = 1e-5
        let mean = x.reduce(0.0) { $0 + Double($1) } / Double(n)
        let square = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(n)
        let variance = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(n)
        var rms = nanFilled(n)
        var layer = nanFilled(n)
        var plain = x
        table.rms_norm(x, w, &rms, n, Float(eps))
        table.layer_norm(x, w, b, &layer, n, Float(eps))
        plain.withUnsafeMutableBufferPointer { table.rms_norm($0.baseAddress, nil, $0.baseAddress, n, Float(eps)) }
        // A one-value row has variance 0: its mean's rounding is magnified by 1 / sqrt(eps).
        let magnified = Tolerance.value(3 / (variance + eps).squareRoot(), roundings: n / 8 + 16)
        for i in 0..<n {
            let normalised = Double(x[i]) / (square + eps).squareRoot()
            let bound = Tolerance.value(abs(normalised), roundings: n / 32 + 16)
            #expect(abs(Double(rms[i]) - normalised * Double(w[i])) <= bound)
            #expect(abs(Double(plain[i]) - normalised) <= bound)
            let centred = (Double(x[i]) - mean) / (variance + eps).squareRoot()
            let expected = centred * Double(w[i]) + Double(b[i])
            #expect(
                abs(Double(layer[i]) - expected) <= magnified
                    + Tolerance.value(abs(centred) + 2, roundings: n / 32 + 16))
        }
    }

    @Test(arguments: ListedISA.all, lengths)
    func softmaxAndLogSumExp(isa: ListedISA, n: Int) throws {
        let table = try isa.table
        var random = SplitMix64(state: UInt64(n))
        var x = random.values(n, in: -30...30)
        if n > 4 { (x[1], x[3]) = (-.infinity, 1000) }
        let max = Double(x.max() ?? 0)
        let sum = x.reduce(0.0) { $0 + exp(Double($1) - max) }
        var y = x
        let (returned, alone) = (table.softmax(&y, n), table.log_sum_exp(x, n))
        #expect(
            abs(Double(returned) - max - log(sum)) <= Tolerance.value(abs(max) + log(sum) + 1, roundings: n / 16 + 16))
        #expect(abs(Double(alone) - max - log(sum)) <= Tolerance.value(abs(max) + log(sum) + 1, roundings: n / 16 + 16))
        for i in 0..<n {
            let expected = exp(Double(x[i]) - max) / sum
            // The exponent x - max is rounded, which exp magnifies by its size.
            let roundings = n / 16 + 16 + Int(Swift.min(100, max - Double(x[i])))
            #expect(abs(Double(y[i]) - expected) <= Tolerance.value(expected, roundings: roundings) + 1e-38)
        }
    }

    @Test(arguments: ListedISA.all, [1, 2, 3, 4, 5, 8, 15, 16, 17, 32, 40, 64])
    func ropeTurnsPairs(isa: ListedISA, pairs: Int) throws {
        let table = try isa.table
        var random = SplitMix64(state: UInt64(pairs))
        let angles = random.values(pairs, in: -3...3)
        let cosSin = angles.map { cos($0) } + angles.map { sin($0) }
        let x = random.values(2 * pairs + 3)
        for (style, first, second) in [
            (rope_style_adjacent, { 2 * $0 }, { 2 * $0 + 1 }), (rope_style_halves, { $0 }, { $0 + pairs }),
        ] as [(rope_style, (Int) -> Int, (Int) -> Int)] {
            var y = x
            table.rope(&y, cosSin, pairs, style)
            for i in 0..<pairs {
                let (a, b) = (Double(x[first(i)]), Double(x[second(i)]))
                let (c, s) = (Double(cosSin[i]), Double(cosSin[pairs + i]))
                let bound = Tolerance.value(abs(a) + abs(b), roundings: 3)
                #expect(abs(Double(y[first(i)]) - (a * c - b * s)) <= bound)
                #expect(abs(Double(y[second(i)]) - (a * s + b * c)) <= bound)
            }
            #expect(Array(y.suffix(3)) == Array(x.suffix(3)))
        }
    }

    @Test(arguments: ListedISA.all, lengths)
    func activations(isa: ListedISA, n: Int) throws {
        let table = try isa.table
        var random = SplitMix64(state: UInt64(n))
        var gate = random.values(n, in: -12...12)
        if n > 2 { (gate[0], gate[1]) = (-200, 200) }
        let up = random.values(n)
        let functions: [(activation_kind, (Double) -> Double)] = [
            (activation_silu, { $0 / (1 + exp(-$0)) }),
            (activation_gelu, { $0 / 2 * (1 + erf($0 / 2.0.squareRoot())) }),
            (
                activation_gelu_tanh,
                { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
            ),
            (activation_relu, { max($0, 0) }),
            (activation_relu_squared, { max($0, 0) * max($0, 0) }),
        ]
        for (kind, function) in functions {
            var (product, alone) = (nanFilled(n), gate)
            table.activate(kind, gate, up, &product, n)
            alone.withUnsafeMutableBufferPointer { table.activate(kind, $0.baseAddress, nil, $0.baseAddress, n) }
            for i in 0..<n {
                let x = Double(gate[i])
                let expected = function(x)
                // Where 1 + tanh cancels, the error is relative to x; an exponent's rounding is magnified by |x|.
                let bound = Tolerance.value(abs(x), roundings: 8) + Tolerance.value(abs(expected), roundings: 24)
                #expect(abs(Double(alone[i]) - expected) <= bound, "\(kind.rawValue) of \(x)")
                #expect(abs(Double(product[i]) - expected * Double(up[i])) <= bound)
            }
        }
    }

    @Test(arguments: ListedISA.all, lengths)
    func scalingAndSoftCap(isa: ListedISA, n: Int) throws {
        var random = SplitMix64(state: UInt64(n))
        var x = random.values(n, in: -200...200)
        for i in x.indices where i % 3 == 1 { x[i] /= 1000 }  // tanh of small values is relative to them
        for cap: Float in [0, 30] {
            var y = x
            try isa.table.scale(&y, 0.7, cap, n)
            for i in 0..<n {
                let v = Double(x[i]) * Double(Float(0.7))
                let expected = cap == 0 ? v : Double(cap) * tanh(v / Double(cap))
                #expect(
                    abs(Double(y[i]) - expected) <= Tolerance.value(abs(expected), roundings: 12), "\(v), cap \(cap)")
            }
        }
    }

    /// Every F16 and BF16 value, and floats around every rounding boundary, bit by bit as the reference.
    @Test(arguments: ListedISA.all)
    func halvesConvertAsTheReference(isa: ListedISA) throws {
        let table = try isa.table
        let bits = Array(UInt16.min...UInt16.max)
        for label in ["F16", "BF16"] {
            let type = try #require(ListedType.labelled(label))
            var values = nanFilled(bits.count)
            withUnsafePointer(to: table) { kernels_dequantize($0, type.type, bits, &values, bits.count) }
            let bytes = bits.withUnsafeBytes { Array($0) }
            #expect(sameBits(values, type.dequantize(bytes)))
        }
        let half = try #require(ListedType.labelled("F16"))
        var floats: [Float] = []
        for bit in bits {
            let pattern = f16_to_f32(bit).bitPattern
            for change: UInt32 in [0, 1, 0x0FFF, 0x1000, 0x1001] { floats.append(Float(bitPattern: pattern ^ change)) }
        }
        floats += [65519.9, 65520, 1e30, -1e-9, Float(bitPattern: 0x7F80_0001)]
        var converted = [UInt16](repeating: 0xAAAA, count: floats.count)
        withUnsafePointer(to: table) { kernels_quantize($0, half.type, floats, &converted, floats.count) }
        #expect(converted.withUnsafeBytes { Array($0) } == half.quantize(floats))
    }

    @Test(arguments: ListedISA.all, lengths)
    func addScaled(isa: ListedISA, n: Int) throws {
        var random = SplitMix64(state: UInt64(n))
        let (x, y) = (random.values(n), random.values(n))
        var sum = y
        try isa.table.add_scaled(x, -0.7, &sum, n)
        for i in 0..<n {
            let expected = Double(y[i]) + Double(Float(-0.7)) * Double(x[i])
            #expect(abs(Double(sum[i]) - expected) <= Tolerance.value(2, roundings: 2))
        }
    }
}
