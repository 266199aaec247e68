// Mixtures of experts: the router's choice stays on the device; a visit of a row to an expert is one product with the
// weights whose address the expert's entry in a table gives. A row's sum runs over its experts in ascending order.
// Few visits read the weights once each; those of a long prompt are sorted by expert and multiplied in tiles of up to 64.

import CKernels
import Compute

extension VulkanBackend {
    /// Rows at once: bounds scratch memory and the second dimension of dispatches.
    private static let expertRows = 256
    /// Most experts a row may visit.
    private static let mostUsed = 128
    /// Most experts whose visits can be sorted.
    private static let mostSorted = 1024
    /// Visits per expert from which on tiles are worth their empty columns: a guess, until a GPU is measured.
    private static let visitsPerTile = 8

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
        /// Where there are many visits.
        var tiles: Tiles?
    }

    /// Visits sorted by expert, and (expert, first, end) of every run of up to 64 to one expert.
    private struct Tiles {
        var order: Tensor
        var list: Tensor
        var count: Int
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
        var routes = Routes(
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
        let (visits, count) = (x.rows * experts.used, experts.networks.count)
        if x.rows > VulkanBackend.matvecRows, visits >= count * VulkanBackend.visitsPerTile,
            count <= VulkanBackend.mostSorted, !switchedOff.contains("group")
        {
            routes.tiles = try sort(routes.chosen, experts: count, visits: visits)
        }
        return routes
    }

    private func sort(_ chosen: Tensor, experts: Int, visits: Int) throws(ComputeError) -> Tiles {
        let most = visits / 64 + min(experts, visits)
        let tiles = Tiles(
            order: try scratchTensor(.order, [visits]), list: try scratchTensor(.tiles, [most, 3]), count: most)
        var push = PushConstants()
        push.add(address: chosen.address)
        push.add(address: tiles.order.address)
        push.add(address: tiles.list.address)
        push.add(visits, experts, most)
        try record(
            index: try index(of: "group"), [], push, groups: (1, 1), reads: [chosen], writes: [tiles.order, tiles.list])
        return tiles
    }

    /// The outputs of all visits, `[rows * used, width]`.
    private func evaluate(_ experts: Experts, _ routes: Routes, _ x: Tensor) throws(ComputeError) -> Tensor {
        let visits = x.rows * routes.used
        let networks = experts.networks
        let up = try scratchTensor(.up, [visits, networks[0].up.rows])
        var rounded = RoundedRows()
        try visit(networks.map { ($0.up, $0.upBias) }, routes, x, &rounded, into: up)
        if networks[0].gate != nil {
            let gate = try scratchTensor(.gate, [visits, up.columns])
            try visit(networks.map { ($0.gate ?? $0.up, $0.gateBias) }, routes, x, &rounded, into: gate)
            try activateNow(experts.activation, gate: gate, up: up, into: up)
        } else {
            try activateNow(experts.activation, gate: up, up: nil, into: up)
        }
        let down = try scratchTensor(.down, [visits, networks[0].down.rows])
        var roundedUp = RoundedRows()
        try visit(networks.map { ($0.down, $0.downBias) }, routes, up, &roundedUp, into: down)
        return down
    }

    /// How the products with experts of one type are done.
    private struct VisitMethod {
        var shader: Int
        var tiles: Tiles?
        var rounding = Rounding.none
    }

    private func method(_ type: tensor_type, _ tiles: Tiles?) throws(ComputeError) -> VisitMethod {
        if let tiles {
            if arithmetic.contains(.matrices), let found = shader(.coopexpertmul, type) {
                return VisitMethod(shader: found, tiles: tiles, rounding: .halves)
            }
            if arithmetic.contains(.integerDot), let found = shader(.dotexpertmul, type) {
                return VisitMethod(shader: found, tiles: tiles, rounding: .bytes)
            }
            if let found = shader(.expertmul, type) { return VisitMethod(shader: found, tiles: tiles) }
        }
        if arithmetic.contains(.integerDot), let found = shader(.dotexperts, type) {
            return VisitMethod(shader: found, rounding: .bytes)
        }
        guard let found = shader(.experts, type) else { throw unsupported("no experts of this type") }
        return VisitMethod(shader: found)
    }

    /// One product per visit: the i-th row of y is that of the i-th chosen expert and of the row of x that chose it, or of
    /// the i-th row of x if there is one for every visit.
    private func visit(
        _ weights: [(weight: Tensor, bias: Tensor?)], _ routes: Routes, _ x: Tensor, _ rounded: inout RoundedRows,
        into y: Tensor
    ) throws(ComputeError) {
        count(work: y.rows * y.columns * x.columns)
        for type in Set(weights.map(\.weight.type)) {
            let method = try method(type, routes.tiles)
            let input = try input(x, method.rounding, &rounded)
            let lists = method.tiles.map { [$0.list, $0.order] } ?? [routes.chosen]
            var push = PushConstants()
            push.add(address: try recorder.upload(try table(weights, type)))
            for tensor in lists + [x, y] { push.add(address: tensor.address) }
            let rowBytes = weights.first { $0.weight.type == type }?.weight.rowBytes ?? 0
            push.add(rowBytes, x.columns, y.columns, y.rows / x.rows)
            push.add(input.push)
            let groups = method.tiles.map { ((y.columns + 63) / 64, $0.count) } ?? ((y.columns + 3) / 4, y.rows)
            try record(
                index: method.shader, input.constants, push, groups: groups, reads: lists + input.reads, writes: [y])
        }
    }

    /// Per expert the address of its weight (2 words), bytes after it, and the address of its bias (2 words); zeros where
    /// the weight has another type or there is no bias.
    private func table(_ weights: [(weight: Tensor, bias: Tensor?)], _ type: tensor_type) throws(ComputeError)
        -> [UInt32]
    {
        var table: [UInt32] = []
        table.reserveCapacity(5 * weights.count)
        func add(_ address: UInt) {
            table.append(UInt32(truncatingIfNeeded: address))
            table.append(UInt32(truncatingIfNeeded: address >> 32))
        }
        for (weight, bias) in weights {
            let place = weight.type == type ? try whole(weight) : nil
            add(place?.wordAddress ?? 0)
            table.append(UInt32(place?.byteInWord ?? 0))
            add(bias?.address ?? 0)
        }
        return table
    }

    /// An expert's weight where it lies: always in one allocation if all experts came as one tensor.
    private func whole(_ weight: Tensor) throws(ComputeError) -> Tensor {
        if !(weight.buffer.owner is SplitMemory) { return weight }
        let parts = parts(of: weight)
        guard parts.count == 1 else {
            throw unsupported("one expert's weight of \(weight.rows * weight.rowBytes) bytes")
        }
        return parts[0].tensor
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
