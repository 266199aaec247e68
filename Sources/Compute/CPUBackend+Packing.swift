// Weights interleaved at load: 8 rows side by side, so that kernels load a piece of 8 rows as one vector, from one stream of
// memory in large pages. (Measured with one column, 2048 x 2048 weights, AVX2: Q4_K 27 to 40 GB/s, Q8_0 24 to 38.)
// One idea: a copy of the same size, made once by all threads, while the file's own pages are given back slab by slab.
// Weights of other types, or with rows that are no multiple of 8, stay where they are.

import CKernels
import Glibc

extension CPUBackend {
    /// Bytes after which a slab is released: what a packing model holds twice.
    private static let slabBytes = 8 << 20

    public func packs(_ type: tensor_type, rows: Int) -> Bool {
        hasInterleavedKernel[Int(type.rawValue)] && rows % interleaved_rows == 0
    }

    public func pack(_ weights: [Tensor], release: (UnsafeRawBufferPointer) -> Void) throws(ComputeError) -> [Tensor] {
        let chosen = weights.map { $0.layout == .rows && packs($0.type, rows: $0.rows) }
        var total = 0
        let offsets = zip(weights, chosen).map { weight, isChosen in
            defer { total += isChosen ? aligned(weight.rows * weight.rowBytes) : 0 }
            return total
        }
        // Without memory for the copy the weights serve as they are.
        guard total > 0, let buffer = try? Buffer(reserving: total) else { return weights }
        buffer.preferLargePages()
        return weights.indices.map { i in
            guard chosen[i] else { return weights[i] }
            let weight = weights[i]
            interleave(weight, to: buffer.contents + offsets[i], release: release)
            return Tensor(
                buffer: buffer, offset: offsets[i], type: weight.type, shape: weight.shape, layout: .interleaved)
        }
    }

    private func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

    private func interleave(
        _ weight: Tensor, to target: UnsafeMutableRawPointer, release: (UnsafeRawBufferPointer) -> Void
    ) {
        let groupBytes = interleaved_rows * weight.rowBytes
        let groups = weight.rows / interleaved_rows
        let step = max(1, CPUBackend.slabBytes / max(1, groupBytes))
        for first in stride(from: 0, to: groups, by: step) {
            let count = min(step, groups - first)
            overRanges(count, cost: groupBytes) { range in
                for group in range {
                    let offset = (first + group) * groupBytes
                    interleave_rows(weight.type, weight.bytes + offset, weight.rowBytes, target + offset)
                }
            }
            release(UnsafeRawBufferPointer(start: weight.bytes + first * groupBytes, count: count * groupBytes))
        }
    }
}
