// The tensor types as test arguments: every test of types loops over this list, so a new row of tensor_types.def is a
// new test. Values are moved between Swift arrays and packed blocks here and nowhere else.
import CKernels
import Testing

struct ListedType: Sendable, Hashable, CustomTestStringConvertible {
    let index: UInt32

    static let all = (0..<tensor_type_count.rawValue).map { ListedType(index: $0) }
    static let quantizable = all.filter { $0.info.quantize != nil }
    static let multiplicable = all.filter { $0.info.dot != nil }

    static func labelled(_ label: String) -> ListedType? { all.first { $0.label == label } }

    var type: tensor_type { tensor_type(rawValue: index) }
    var info: tensor_type_info { tensor_type_get(type).pointee }
    var label: String { String(cString: info.label) }
    var testDescription: String { label }
    var blockSize: Int { Int(info.block_size) }
    var blockBytes: Int { Int(info.block_bytes) }
    var activation: ListedType { ListedType(index: info.activation.rawValue) }

    func dequantize(_ packed: [UInt8]) -> [Float] {
        let blocks = packed.count / blockBytes
        var values = [Float](repeating: .nan, count: blocks * blockSize)
        withAligned(packed) { info.dequantize($0, &values, blocks) }
        return values
    }

    /// The packed blocks; bytes the quantiser does not write stay 0xAA.
    func quantize(_ values: [Float]) -> [UInt8] {
        let blocks = values.count / blockSize
        var words = [UInt64](repeating: 0xAAAA_AAAA_AAAA_AAAA, count: (blocks * blockBytes + 7) / 8)
        return words.withUnsafeMutableBytes { raw in
            info.quantize?(values, raw.baseAddress, blocks)
            return Array(raw.prefix(blocks * blockBytes))
        }
    }

    func dot(_ weights: [UInt8], _ activations: [UInt8]) -> Float {
        let blocks = weights.count / blockBytes
        return withAligned(weights) { w in withAligned(activations) { x in info.dot?(w, x, blocks) ?? .nan } }
    }

    /// Random blocks that decode to moderate values, so that sums neither overflow nor drown in one element.
    func randomBlocks(_ count: Int, using random: inout SplitMix64) -> [UInt8] {
        var packed: [UInt8] = []
        while packed.count < count * blockBytes {
            let block = (0..<blockBytes).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
            if dequantize(block).allSatisfy({ $0.isFinite && $0.magnitude < 1e6 }) { packed += block }
        }
        return packed
    }
}

/// Rows of tensors are aligned to 8 bytes at least; a Swift byte array promises nothing.
func withAligned<R>(_ bytes: [UInt8], _ body: (UnsafeRawPointer?) -> R) -> R {
    var words = [UInt64](repeating: 0, count: (bytes.count + 7) / 8)
    words.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    return words.withUnsafeBytes { body($0.baseAddress) }
}

/// Reproducible random numbers (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func values(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}
