// Aligned memory that lives as long as the benchmark that owns it, and reproducible random numbers to fill it.
import CKernels
import Glibc

final class Memory {
    let base: UnsafeMutableRawPointer
    let count: Int

    init(bytes: Int, largePages: Bool = false) {
        count = bytes
        base = .allocate(byteCount: max(bytes, 1), alignment: largePages ? 1 << 21 : 64)
        if largePages { madvise(base, bytes, MADV_HUGEPAGE) }
        memset(bytes)
    }

    deinit { base.deallocate() }

    private func memset(_ bytes: Int) { base.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes) }

    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
    var values: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: floats, count: count / MemoryLayout<Float>.stride)
    }

    /// Random floats in -1 ... 1.
    convenience init(random count: Int, seed: UInt64) {
        self.init(bytes: count * MemoryLayout<Float>.stride)
        var random = SplitMix64(state: seed)
        for i in 0..<count { floats[i] = Float.random(in: -1...1, using: &random) }
    }

    /// `rows` equal rows of random blocks that decode to moderate values; equal rows cost the kernels the same time.
    convenience init(weights type: WeightType, k: Int, rows: Int, rowBytes: Int) {
        self.init(bytes: rows * rowBytes)
        let info = type.info
        let (size, bytes) = (Int(info.block_size), Int(info.block_bytes))
        var random = SplitMix64(state: UInt64(k))
        var decoded = [Float](repeating: 0, count: size)
        for block in 0..<k / size {
            let target = base + block * bytes
            repeat {
                for i in 0..<bytes {
                    target.storeBytes(of: UInt8.random(in: 0...255, using: &random), toByteOffset: i, as: UInt8.self)
                }
                info.dequantize(target, &decoded, 1)
            } while !decoded.allSatisfy { $0.magnitude < 1e4 }
        }
        for row in 1..<max(rows, 1) { (base + row * rowBytes).copyMemory(from: base, byteCount: rowBytes) }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
