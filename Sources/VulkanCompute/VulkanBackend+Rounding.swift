// Activations as products with rounded arithmetic want them: made once for all products of the same rows.

import Compute

extension VulkanBackend {
    /// How a product wants activations.
    enum Rounding {
        /// F32.
        case none
        /// Signed bytes with one scale for 32 values (quantize.comp).
        case bytes
        /// F16 with one scale for a row (halve.comp).
        case halves
    }

    /// What some rows were rounded to so far.
    struct RoundedRows {
        fileprivate var bytes: ProductInput?
        fileprivate var halves: ProductInput?
    }

    /// Rows for a product: the tensors it reads, and what its shader is told beyond the rows themselves.
    struct ProductInput {
        var reads: [Tensor]
        var push = PushConstants()
        /// What a tiled product is specialised by.
        var constants: [UInt32] = []
    }

    /// The rows x rounded, unless an earlier product of theirs did it.
    func input(_ x: Tensor, _ rounding: Rounding, _ rounded: inout RoundedRows) throws(ComputeError) -> ProductInput {
        switch rounding {
        case .none:
            return ProductInput(reads: [x])
        case .bytes:
            if let known = rounded.bytes { return known }
            let made = try roundToBytes(x)
            rounded.bytes = made
            return made
        case .halves:
            if let known = rounded.halves { return known }
            let made = try roundToHalves(x)
            rounded.halves = made
            return made
        }
    }

    private func roundToBytes(_ x: Tensor) throws(ComputeError) -> ProductInput {
        let blocks = x.rows * x.columns / 32
        let (quants, scales) = (try scratchTensor(.quants, [blocks * 8]), try scratchTensor(.scales, [blocks]))
        var push = PushConstants()
        for tensor in [x, quants, scales] { push.add(address: tensor.address) }
        push.add(blocks)
        try record("quantize", [], push, threads: blocks * 32, reads: [x], writes: [quants, scales])
        var input = ProductInput(reads: [quants, scales])
        for tensor in input.reads { input.push.add(address: tensor.address) }
        return input
    }

    private func roundToHalves(_ x: Tensor) throws(ComputeError) -> ProductInput {
        let stride = (x.columns + 31) / 32 * 32
        let halves = try scratchTensor(.halves, [x.rows * stride / 2])
        let scales = try scratchTensor(.rowScales, [x.rows])
        var push = PushConstants()
        for tensor in [x, halves, scales] { push.add(address: tensor.address) }
        push.add(x.columns, stride)
        try record(
            index: try index(of: "halve"), [], push, groups: (x.rows, 1), reads: [x], writes: [halves, scales])
        var input = ProductInput(reads: [halves, scales], constants: device.description.matrix)
        for tensor in input.reads { input.push.add(address: tensor.address) }
        input.push.add(stride)
        return input
    }
}
