// What must hold for every tensor type of the list: a consistent row, errors of quantisation within upstream's limits
// (llama.cpp, tests/test-quantize-fns), and reference dot products equal to sums in Double.
import CKernels
import Foundation
import Testing

@Suite struct TensorTypeTests {
    @Test func idsAndLabelsAreUnique() {
        #expect(Set(ListedType.all.map(\.info.ggml_id)).count == ListedType.all.count)
        #expect(Set(ListedType.all.map(\.label)).count == ListedType.all.count)
    }

    @Test(arguments: ListedType.all)
    func rowIsConsistent(type: ListedType) {
        #expect(tensor_type_from_ggml(type.info.ggml_id) == type.type)
        #expect(type.info.dequantize != nil)
        guard type.info.dot != nil else { return }
        #expect(type.activation.info.quantize != nil, "activations could not be converted")
        #expect(type.blockSize % type.activation.blockSize == 0, "a block of weights must meet whole blocks")
    }

    /// Ids that GGML removed, never had, or that only its forks use.
    @Test(arguments: [4, 5, 31, 33, 36, 38, 43, 137, UInt32.max])
    func unknownIdsAreRefused(id: UInt32) {
        #expect(tensor_type_from_ggml(id) == tensor_type_count)
    }

    /// The integers of GGUF files read as f32.
    @Test func plainNumbersBecomeFloats() throws {
        let i16 = try #require(ListedType.labelled("I16")), i64 = try #require(ListedType.labelled("I64"))
        let f64 = try #require(ListedType.labelled("F64")), i8 = try #require(ListedType.labelled("I8"))
        let i32 = try #require(ListedType.labelled("I32"))
        #expect(i8.dequantize([0x80, 0x7F, 0xFF]) == [-128, 127, -1])
        #expect(i16.dequantize([0x00, 0x80, 0xFF, 0x7F]) == [-32768, 32767])
        #expect(i32.dequantize([0xFE, 0xFF, 0xFF, 0xFF]) == [-2])
        #expect(i64.dequantize([0, 0, 0, 0, 1, 0, 0, 0]) == [4_294_967_296])
        #expect(f64.dequantize([0, 0, 0, 0, 0, 0, 0xF8, 0x3F]) == [1.5])
    }

    // MARK: errors of quantisation

    /// Root of the summed squared errors over n, upstream's "rmse", on its input of n = 4096.
    @Test(arguments: ListedType.quantizable)
    func quantisationErrorIsWithinUpstreamsLimit(type: ListedType) {
        let x = wave(offset: 0)
        let y = type.dequantize(type.quantize(x))
        let squares = zip(x, y).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        #expect(squares.squareRoot() / Double(x.count) < errorLimit(of: type.label))
    }

    @Test(arguments: ListedType.quantizable.filter { $0.info.dot != nil })
    func dotErrorIsWithinUpstreamsLimit(type: ListedType) {
        let w = wave(offset: 0), x = wave(offset: 1)
        let exact = zip(w, x).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let found = Double(type.dot(type.quantize(w), type.activation.quantize(x)))
        #expect(abs(found - exact) / Double(w.count) < dotErrorLimit(of: type.label))
    }

    @Test(arguments: ListedType.quantizable)
    func zerosStayZeros(type: ListedType) {
        let zeros = [Float](repeating: 0, count: 2 * type.blockSize)
        #expect(type.dequantize(type.quantize(zeros)) == zeros)
    }

    /// Quantisers are total: any float gives blocks, and finite values of moderate size give finite ones.
    @Test(arguments: ListedType.quantizable)
    func extremesAreQuantised(type: ListedType) {
        var random = SplitMix64(state: 11)
        for magnitude: Float in [
            .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-30, 1e-8, 6e4, .greatestFiniteMagnitude,
        ] {
            let x = random.values(2 * type.blockSize).map { $0 * magnitude }
            let y = type.dequantize(type.quantize(x))
            if magnitude <= 6e4 { #expect(y.allSatisfy { $0.isFinite }, "\(magnitude)") }
        }
    }

    /// A broken activation must stay visible in the result, wherever in its block it stands.
    @Test(arguments: ["Q8_0", "Q8_1", "Q8_K"], [Float.nan, .infinity, -.infinity])
    func brokenActivationsStayVisible(label: String, broken: Float) throws {
        let type = try #require(ListedType.labelled(label))
        for position in 0..<type.blockSize {
            var x = [Float](repeating: 0.5, count: 2 * type.blockSize)
            x[position] = broken
            let y = type.dequantize(type.quantize(x))
            #expect(y[0..<type.blockSize].allSatisfy { $0.isNaN })
            #expect(y[type.blockSize...].allSatisfy { abs($0 - 0.5) < 0.001 })
        }
    }

    @Test func groupSumsOfActivationsAreSums() throws {
        let type = try #require(ListedType.labelled("Q8_K"))
        var random = SplitMix64(state: 3)
        let block = type.quantize(random.values(256))
        for group in 0..<16 {
            let sum = (4 + 16 * group..<20 + 16 * group).reduce(0) { $0 + Int(Int8(bitPattern: block[$1])) }
            let stored = Int16(bitPattern: UInt16(block[260 + 2 * group]) | UInt16(block[261 + 2 * group]) << 8)
            #expect(Int(stored) == sum)
        }
    }

    // MARK: reference dot products

    @Test(arguments: ListedType.multiplicable, [1, 2, 3, 5, 31, 32, 33, 255, 257])
    func dotMatchesDouble(type: ListedType, blocks: Int) {
        var random = SplitMix64(state: UInt64(blocks))
        let weights = type.randomBlocks(blocks, using: &random)
        let activations = type.activation.quantize(random.values(blocks * type.blockSize))
        let w = type.dequantize(weights), x = type.activation.dequantize(activations)
        var exact = 0.0, magnitude = 0.0
        for (a, b) in zip(w, x) {
            exact += Double(a) * Double(b)
            magnitude += abs(Double(a) * Double(b))
        }
        // One rounding per step of the sum over blocks, a few per block; the minimum meets a sum kept in f16.
        let tolerance =
            Double(Float.ulpOfOne) * magnitude * Double(blocks + 8)
            + roundingOfSums(type, weights: weights, activations: activations)
        #expect(abs(Double(type.dot(weights, activations)) - exact) <= tolerance)
    }
}

/// Upstream's input: 0.1 + 2 cos(i + offset).
private func wave(offset: Int) -> [Float] {
    (0..<4096).map { 0.1 + 2 * cos(Float($0 + offset)) }
}

private func errorLimit(of label: String) -> Double {
    switch label {
    case "Q2_0", "TQ1_0", "TQ2_0": 0.01
    case "Q1_0": 0.025
    case "Q2_K": 0.0075
    case "Q3_K": 0.004
    case "MXFP4": 0.003
    default: 0.002
    }
}

private func dotErrorLimit(of label: String) -> Double {
    switch label {
    case "Q2_0", "TQ1_0", "TQ2_0": 0.15
    case "Q1_0": 0.40
    case "Q2_K", "Q3_K": 0.04
    case "MXFP4": 0.03
    default: 0.02
    }
}

/// What the f16 rounding of s and d can change in products with the minimum m (Q4_1 and Q5_1 blocks: f16 d, f16 m; Q8_1
/// blocks: f16 d, f16 s): s was made with d not yet rounded, and was rounded itself, so m s differs by 2 half ulps.
private func roundingOfSums(_ type: ListedType, weights: [UInt8], activations: [UInt8]) -> Double {
    guard type.activation.label == "Q8_1" else { return 0 }
    return (0..<weights.count / type.blockBytes).reduce(0.0) { total, block in
        let m = half(weights, at: block * type.blockBytes + 2), s = half(activations, at: block * 36 + 2)
        return total + abs(Double(m) * Double(s)) * 0x1p-10 + abs(Double(m)) * 0x1p-24
    }
}

private func half(_ bytes: [UInt8], at offset: Int) -> Float {
    f16_to_f32(UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8)
}
