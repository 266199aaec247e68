// The self-test's cases of experts: few rows, whose visits are products of their own, and many, whose visits are sorted and
// multiplied in tiles. Routing, sorting and adding up are checked with them.

import CKernels
import Compute

extension SelfTestCases {
    /// Rows whose visits to 5 experts are not sorted, and rows whose visits are, more than one tile for some expert.
    private static let (few, many) = (3, 5 * 33)

    static func experts(_ type: tensor_type) -> SelfTestCase { experts(type, .experts, rows: few) }

    static func expertTiles(_ type: tensor_type) -> SelfTestCase { experts(type, .expertmul, rows: many) }

    private static func experts(_ type: tensor_type, _ operation: VulkanBackend.TypedOperation, rows: Int)
        -> SelfTestCase
    {
        SelfTestCase(variant: VulkanBackend.variant(operation, type)) { (side) throws(ComputeError) in
            // Experts are overlapping rows of one weight: different, at odd addresses, and cheap to make.
            let (inputs, hidden, outputs) = (256, max(64, Int(tensor_type_get(type).pointee.block_size)), 24)
            let first = try side.weight(type, hidden + 25, inputs)
            let last = try side.weight(type, outputs + 20, hidden)
            let networks = try (0..<5).map { (i) throws(ComputeError) in
                var network = Experts.FeedForward(
                    gate: first.rowSlice(5 * i..<5 * i + hidden), up: first.rowSlice(i..<i + hidden),
                    down: last.rowSlice(5 * i..<5 * i + outputs))
                network.downBias = try side.floats(outputs)
                return network
            }
            var experts = Experts(router: try side.floats(5, inputs), networks: networks, used: 2)
            experts.shared = networks[0]
            experts.sharedGate = try side.floats(1, inputs)
            // Small inputs keep the squares of three products in range.
            let (x, y) = (try side.floats(rows, inputs), try side.empty(rows, outputs))
            side.backend.scale(x, by: 0.05, softcap: 0)
            var result: [Float] = []
            for gating in [Experts.Gating.softmax, .sigmoid, .softmaxOfChosen].prefix(rows == few ? 3 : 1) {
                experts.gating = gating
                experts.normalizesWeights = gating != .sigmoid
                side.backend.mixExperts(x, experts: experts, into: y)
                result += try side.backend.read(y)
            }
            return result
        }
    }

    /// Of a network's two products one has weights of the type and activations that rounding leaves as they are; the other
    /// has F32 weights, which are not rounded for.
    static func expertDots(_ type: tensor_type) -> [SelfTestCase] {
        [(VulkanBackend.TypedOperation.dotexperts, few), (.dotexpertmul, many)].flatMap { operation, rows in
            [true, false].map { isFirst in
                SelfTestCase(variant: VulkanBackend.variant(operation, type)) { (side) throws(ComputeError) in
                    let (width, outputs) = (256, 24)
                    let weight = try side.weight(type, (isFirst ? width : outputs) + 20, width)
                    let other = isFirst ? try side.floats(outputs + 20, width) : try identity(side, width)
                    let networks = (0..<5).map { i in
                        isFirst
                            ? Experts.FeedForward(
                                gate: nil, up: weight.rowSlice(5 * i..<5 * i + width),
                                down: other.rowSlice(i..<i + outputs))
                            : Experts.FeedForward(gate: nil, up: other, down: weight.rowSlice(5 * i..<5 * i + outputs))
                    }
                    var experts = Experts(router: try side.floats(5, width), networks: networks, used: 2)
                    experts.activation = .relu
                    let (x, y) = (try side.steps(rows, width), try side.empty(rows, outputs))
                    side.backend.mixExperts(x, experts: experts, into: y)
                    return try side.backend.read(y)
                }
            }
        }
    }

    private static func identity(_ side: SelfTestSide, _ width: Int) throws(ComputeError) -> Tensor {
        try side.upload((0..<width * width).map { $0 / width == $0 % width ? 1 : 0 }, [width, width])
    }
}
