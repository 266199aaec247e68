// Products with weights: up to 32 rows of activations through matvec, more through tiles.
// One idea: activations stay F32 and weights are dequantised as they are loaded, so results differ from exact arithmetic by
// rounding of sums only. Up to the limit a row's bits do not depend on the other rows: scoring equals generation.
// Where the hardware multiplies packed bytes, activations are rounded to 8 bits for quantised weights, as on the CPU; where it
// has cooperative matrices, weights and activations are rounded to F16 for tiles.

import CKernels
import Compute

extension VulkanBackend {
    /// Most rows through matvec. Weights are then read once per 8 rows; from here on a tile reads them once per 64.
    static let matvecRows = 32

    public func project(_ x: Tensor, through projections: [Projection]) {
        guard x.rows > 0 else { return }
        perform { () throws(ComputeError) in
            var rounded = RoundedRows()
            for projection in projections { try projectNow(x, projection, &rounded) }
        }
    }

    func projectNow(_ x: Tensor, _ projection: Projection) throws(ComputeError) {
        var rounded = RoundedRows()
        try projectNow(x, projection, &rounded)
    }

    /// How one product is done.
    private struct Method {
        var shader: Int
        var isVector = false
        var rounding = Rounding.none
    }

    private func method(_ weight: Tensor, rows: Int) throws(ComputeError) -> Method {
        let isShort = rows <= VulkanBackend.matvecRows
        if !isShort, arithmetic.contains(.matrices), let found = shader(.coopmul, weight.type) {
            return Method(shader: found, rounding: .halves)
        }
        if arithmetic.contains(.integerDot), let found = shader(isShort ? .dotvec : .dotmul, weight.type) {
            return Method(shader: found, isVector: isShort, rounding: .bytes)
        }
        let (vector, tile) = (shader(.matvec, weight.type), shader(.matmul, weight.type))
        guard let either = isShort ? vector ?? tile : tile ?? vector else {
            throw unsupported("no product with weights of this type")
        }
        return Method(shader: either, isVector: either == vector)
    }

    private func projectNow(_ x: Tensor, _ projection: Projection, _ rounded: inout RoundedRows) throws(ComputeError) {
        let weight = projection.weight
        let method = try method(weight, rows: x.rows)
        let columns = x.rows == 1 ? 1 : x.rows == 2 ? 2 : x.rows <= 4 ? 4 : 8
        count(work: weight.rows * weight.columns * x.rows)
        let input = try input(x, method.rounding, &rounded)
        for whole in parts(of: weight, unit: 64) {
            let (part, firstByte) = (whole.tensor, UInt(whole.first * 4))
            var push = PushConstants()
            push.add(address: part.wordAddress)
            push.add(address: x.address)
            push.add(address: projection.output.address + firstByte)
            push.add(address: projection.bias.map { $0.address + firstByte } ?? 0)
            push.add(part.byteInWord, weight.rowBytes, weight.columns, part.rows, x.rows)
            push.add(projection.output.columns, projection.bias == nil ? 0 : 1)
            push.add(0)  // addresses lie at multiples of 8 bytes
            push.add(input.push)
            let groups =
                method.isVector
                ? ((part.rows + 3) / 4, (x.rows + columns - 1) / columns)
                : ((part.rows + 63) / 64, (x.rows + 63) / 64)
            try record(
                index: method.shader, method.isVector ? [UInt32(columns)] : input.constants, push, groups: groups,
                reads: [part] + input.reads + [projection.bias].compactMap { $0 }, writes: [projection.output])
        }
    }
}
