// Products with weights: up to 32 rows of activations through matvec, more through tiles.
// One idea: activations stay F32 and weights are dequantised as they are loaded, so results differ from exact arithmetic by
// rounding of sums only. Up to the limit a row's bits do not depend on the other rows: scoring equals generation.

import CKernels
import Compute

extension VulkanBackend {
    /// Most rows through matvec. Weights are then read once per 8 rows; from here on a tile reads them once per 64.
    static let matvecRows = 32

    public func project(_ x: Tensor, through projections: [Projection]) {
        guard x.rows > 0 else { return }
        perform { () throws(ComputeError) in
            for projection in projections { try projectNow(x, projection) }
        }
    }

    func projectNow(_ x: Tensor, _ projection: Projection) throws(ComputeError) {
        let weight = projection.weight
        let (vector, tile) = (shader(.matvec, weight.type), shader(.matmul, weight.type))
        guard let either = vector ?? tile else { throw unsupported("no product with weights of this type") }
        let isVector = tile == nil || (x.rows <= VulkanBackend.matvecRows && vector != nil)
        let shader = isVector ? vector ?? either : tile ?? either
        let columns = x.rows == 1 ? 1 : x.rows == 2 ? 2 : x.rows <= 4 ? 4 : 8
        count(work: weight.rows * weight.columns * x.rows)
        let rowsPerPart = max(64, reach / max(1, weight.rowBytes) / 64 * 64)
        for first in stride(from: 0, to: weight.rows, by: rowsPerPart) {
            let part = weight.rowSlice(first..<min(first + rowsPerPart, weight.rows))
            var push = PushConstants()
            push.add(address: part.wordAddress)
            push.add(address: x.address)
            push.add(address: projection.output.address + UInt(first * 4))
            push.add(address: projection.bias.map { $0.address + UInt(first * 4) } ?? 0)
            push.add(part.byteInWord, weight.rowBytes, weight.columns, part.rows, x.rows)
            push.add(projection.output.columns, projection.bias == nil ? 0 : 1)
            let groups =
                isVector
                ? ((part.rows + 3) / 4, (x.rows + columns - 1) / columns)
                : ((part.rows + 63) / 64, (x.rows + 63) / 64)
            try record(
                index: shader, isVector ? [UInt32(columns)] : [], push, groups: groups,
                reads: [part, x] + [projection.bias].compactMap { $0 }, writes: [projection.output])
        }
    }
}
