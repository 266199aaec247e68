// Mixtures of experts: the router's choice stays on the device; every visit of a row to an expert is one product with the
// weights whose address the expert's entry in a table gives. A row's sum runs over its experts in ascending order.
// Weights are read once per visit: good for few rows, slow for long prompts.

import CKernels
import Compute

extension VulkanBackend {
    /// Rows at once: bounds scratch memory and the second dimension of dispatches.
    private static let expertRows = 256
    /// Most experts a row may visit.
    private static let mostUsed = 128

    public func mixExperts(_ x: Tensor, experts: Experts, into y: Tensor) {
        perform { () throws(ComputeError) in
            guard experts.used <= VulkanBackend.mostUsed, experts.used <= experts.networks.count else {
                throw unsupported("\(experts.used) experts per row")
            }
            for first in stride(from: 0, to: x.rows, by: VulkanBackend.expertRows) {
                let rows = first..<min(first + VulkanBackend.expertRows, x.rows)
                try mix(x.rowSlice(rows), experts, into: y.rowSlice(rows))
            }
        }
    }

    /// The experts the rows chose and their weights, `[rows, used]`.
    private struct Routes {
        var chosen: Tensor
        var weights: Tensor
        var used: Int
    }

    private func mix(_ x: Tensor, _ experts: Experts, into y: Tensor) throws(ComputeError) {
        let routes = try route(x, experts)
        let outputs = try evaluate(experts, routes, x)
        var push = PushConstants()
        push.add(address: outputs.address)
        push.add(address: routes.weights.address)
        push.add(address: y.address)
        var reads = [outputs, routes.weights]
        let shared = try experts.shared.map { (network) throws(ComputeError) in
            try evaluateShared(network, experts.activation, x)
        }
        let gate = try experts.sharedGate.map { (weight) throws(ComputeError) in
            let scores = try scratchTensor(.router, [x.rows, 1])
            try projectNow(x, Projection(weight, into: scores))
            return scores
        }
        reads += [shared, gate].compactMap { $0 }
        push.add(address: shared?.address ?? 0)
        push.add(address: gate?.address ?? 0)
        push.add(x.rows, routes.used, y.columns, (shared == nil ? 0 : 1) | (gate == nil ? 0 : 2))
        try record("combine", [], push, threads: x.rows * y.columns, reads: reads, writes: [y])
    }

    private func route(_ x: Tensor, _ experts: Experts) throws(ComputeError) -> Routes {
        let scores = try scratchTensor(.router, [x.rows, experts.router.rows])
        try projectNow(x, Projection(experts.router, bias: experts.routerBias, into: scores))
        let routes = Routes(
            chosen: try scratchTensor(.chosen, [x.rows, experts.used]),
            weights: try scratchTensor(.weights, [x.rows, experts.used]), used: experts.used)
        var push = PushConstants()
        push.add(address: scores.address)
        push.add(address: routes.chosen.address)
        push.add(address: routes.weights.address)
        push.add(
            x.rows, experts.router.rows, experts.used, experts.gating.rawValue, experts.normalizesWeights ? 1 : 0)
        push.add(experts.weightsScale)
        try record(
            "route", [], push, threads: x.rows, reads: [scores], writes: [routes.chosen, routes.weights])
        return routes
    }

    /// The outputs of all visits, `[rows * used, width]`.
    private func evaluate(_ experts: Experts, _ routes: Routes, _ x: Tensor) throws(ComputeError) -> Tensor {
        let visits = x.rows * routes.used
        let networks = experts.networks
        let up = try scratchTensor(.up, [visits, networks[0].up.rows])
        try visit(networks.map { ($0.up, $0.upBias) }, routes, x, perRow: routes.used, into: up)
        if networks[0].gate != nil {
            let gate = try scratchTensor(.gate, [visits, up.columns])
            try visit(networks.map { ($0.gate ?? $0.up, $0.gateBias) }, routes, x, perRow: routes.used, into: gate)
            try activateNow(experts.activation, gate: gate, up: up, into: up)
        } else {
            try activateNow(experts.activation, gate: up, up: nil, into: up)
        }
        let down = try scratchTensor(.down, [visits, networks[0].down.rows])
        try visit(networks.map { ($0.down, $0.downBias) }, routes, up, perRow: 1, into: down)
        return down
    }

    /// One product per visit: row i / perRow of x with the weight of the i-th chosen expert.
    private func visit(
        _ weights: [(weight: Tensor, bias: Tensor?)], _ routes: Routes, _ x: Tensor, perRow: Int, into y: Tensor
    ) throws(ComputeError) {
        count(work: y.rows * y.columns * x.columns)
        for type in Set(weights.map(\.weight.type)) {
            guard let shader = shader(.experts, type) else { throw unsupported("no experts of this type") }
            var table: [UInt32] = []
            for (weight, bias) in weights {
                let place = weight.type == type ? try whole(weight) : nil
                table += words(place?.wordAddress ?? 0) + [UInt32(place?.byteInWord ?? 0)] + words(bias?.address ?? 0)
            }
            var push = PushConstants()
            push.add(address: try recorder.upload(table))
            push.add(address: routes.chosen.address)
            push.add(address: x.address)
            push.add(address: y.address)
            push.add(
                weights.first { $0.weight.type == type }?.weight.rowBytes ?? 0, x.columns, y.columns, perRow)
            try record(
                index: shader, [], push, groups: ((y.columns + 3) / 4, y.rows), reads: [routes.chosen, x], writes: [y])
        }
    }

    /// An expert's weight where it lies: always in one allocation if all experts came as one tensor.
    private func whole(_ weight: Tensor) throws(ComputeError) -> Tensor {
        let parts = parts(of: weight)
        guard parts.count == 1 else {
            throw unsupported("one expert's weight of \(weight.rows * weight.rowBytes) bytes")
        }
        return parts[0].tensor
    }

    private func words(_ address: UInt) -> [UInt32] {
        [UInt32(truncatingIfNeeded: address), UInt32(truncatingIfNeeded: address >> 32)]
    }

    private func evaluateShared(_ network: Experts.FeedForward, _ activation: Activation, _ x: Tensor)
        throws(ComputeError) -> Tensor
    {
        let up = try scratchTensor(.sharedUp, [x.rows, network.up.rows])
        try projectNow(x, Projection(network.up, bias: network.upBias, into: up))
        if let weight = network.gate {
            let gate = try scratchTensor(.sharedGate, [x.rows, weight.rows])
            try projectNow(x, Projection(weight, bias: network.gateBias, into: gate))
            try activateNow(activation, gate: gate, up: up, into: up)
        } else {
            try activateNow(activation, gate: up, up: nil, into: up)
        }
        let down = try scratchTensor(.sharedDown, [x.rows, network.down.rows])
        try projectNow(up, Projection(network.down, bias: network.downBias, into: down))
        return down
    }
}
