// Element-wise operations, norms, rows: one thread or one workgroup per value, pair, row or group.

import CKernels
import Compute

extension VulkanBackend {
    public func embed(_ ids: [Int32], table: Tensor, into y: Tensor, accumulate: Bool) {
        guard !ids.isEmpty else { return }
        perform { () throws(ComputeError) in
            guard let shader = shader(.embed, table.type) else { throw unsupported("no embedding of this type") }
            let list = try recorder.upload(ids)
            for whole in parts(of: table) {
                let part = whole.tensor
                var push = PushConstants()
                push.add(address: part.wordAddress)
                push.add(address: list)
                push.add(address: y.address)
                push.add(
                    part.byteInWord, table.rowBytes, whole.first, part.rows, ids.count, y.columns, accumulate ? 1 : 0)
                let threads = ids.count * ((y.columns + 7) / 8)
                try record(index: shader, [], push, groups: ((threads + 63) / 64, 1), reads: [part], writes: [y])
            }
        }
    }

    public func normalize(_ x: Tensor, with norm: Norm, into y: Tensor) {
        perform { () throws(ComputeError) in
            let weight = norm.weight
            // An RMS norm has no bias: the CPU ignores one, and so does this.
            let bias = norm.kind == .layer ? norm.bias : nil
            var push = PushConstants()
            push.add(address: x.address)
            push.add(address: y.address)
            push.add(address: weight?.address ?? 0)
            push.add(address: bias?.address ?? 0)
            push.add(norm.width, weight.map { $0.rows * $0.columns / norm.width } ?? 1)
            push.add(norm.epsilon)
            push.add((weight == nil ? 0 : 1) | (bias == nil ? 0 : 2) | (norm.kind == .layer ? 4 : 0))
            let groups = x.rows * (x.columns / norm.width)
            try record(
                index: try index(of: "norm"), [], push, groups: (groups, 1),
                reads: [x] + [weight, bias].compactMap { $0 }, writes: [y])
        }
    }

    public func rotate(_ x: Tensor, heads: Int, by rotation: Rotation) {
        guard rotation.pairs > 0 else { return }
        perform { () throws(ComputeError) in
            var push = PushConstants()
            push.add(address: x.address)
            push.add(address: try recorder.upload(rotation.cosSin, of: rotation))
            push.add(
                x.rows, heads, x.columns / heads, rotation.pairs, rotation.style == rope_style_halves ? 1 : 0)
            try record("rope", [], push, threads: x.rows * heads * rotation.pairs, reads: [x], writes: [x])
        }
    }

    public func activate(_ activation: Activation, gate: Tensor, up: Tensor?, into y: Tensor) {
        perform { () throws(ComputeError) in try activateNow(activation, gate: gate, up: up, into: y) }
    }

    func activateNow(_ activation: Activation, gate: Tensor, up: Tensor?, into y: Tensor) throws(ComputeError) {
        let kinds: [Activation] = [.silu, .gelu, .geluTanh, .relu, .reluSquared, .clampedSwiGLU]
        let kind = UInt32(kinds.firstIndex(of: activation) ?? 0)
        let count = y.rows * y.columns
        var push = PushConstants()
        push.add(address: gate.address)
        push.add(address: up?.address ?? 0)
        push.add(address: y.address)
        push.add(count, up == nil ? 0 : 1)
        try record(
            "activate", [kind], push, threads: count, reads: [gate] + [up].compactMap { $0 }, writes: [y])
    }

    public func add(_ x: Tensor, scale: Float, to y: Tensor) {
        perform { () throws(ComputeError) in
            let count = y.rows * y.columns
            var push = PushConstants()
            push.add(address: x.address)
            push.add(address: y.address)
            push.add(count)
            push.add(scale)
            try record("add", [], push, threads: count, reads: [x, y], writes: [y])
        }
    }

    public func scale(_ x: Tensor, by factor: Float, softcap cap: Float) {
        perform { () throws(ComputeError) in
            let count = x.rows * x.columns
            var push = PushConstants()
            push.add(address: x.address)
            push.add(count)
            push.add(factor)
            push.add(cap)
            try record("scale", [], push, threads: count, reads: [x], writes: [x])
        }
    }

    public func gather(_ rows: [Int], of x: Tensor, into y: Tensor) {
        perform { () throws(ComputeError) in
            try copyRows(rows, columns: x.columns, from: x.address, to: y.address, reads: [x], writes: [y])
        }
    }

    /// Row i at `target` becomes row rows[i] at `source`; rows of 32-bit words.
    func copyRows(
        _ rows: [Int], columns: Int, from source: UInt, to target: UInt, reads: [Tensor], writes: [Tensor]
    ) throws(ComputeError) {
        var push = PushConstants()
        push.add(address: source)
        push.add(address: target)
        push.add(address: try recorder.upload(rows.map { UInt32($0) }))
        push.add(rows.count, columns)
        try record("gather", [], push, threads: rows.count * columns, reads: reads, writes: writes)
    }
}
