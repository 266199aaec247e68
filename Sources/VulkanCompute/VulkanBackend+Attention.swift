// Attention and the KV cache: rows look into cells by address; which cells they see is uploaded once per batch.

import CKernels
import Compute

extension VulkanBackend {
    public func store(_ x: Tensor, in cache: Tensor, cells: ArraySlice<UInt32>) {
        guard !cells.isEmpty else { return }
        perform { () throws(ComputeError) in
            let types: [tensor_type: UInt32] = [tensor_type_f32: 0, tensor_type_f16: 1, tensor_type_q8_0: 2]
            guard let type = types[cache.type] else { throw unsupported("no cache of this type") }
            let (heads, dimension) = (cache.shape[0], cache.columns)
            var push = PushConstants()
            push.add(address: x.address)
            push.add(address: try recorder.upload(Array(cells)))
            push.add(address: cache.address)
            push.add(address: cache.address)
            push.add(cells.count, heads, dimension, cache.shape[1])
            let units = dimension / (type == 2 ? 32 : 1)
            try record("store", [type], push, threads: cells.count * heads * units, reads: [x], writes: [cache])
        }
    }

    public func copyCells(_ moves: [CellMove], from source: Tensor, to destination: Tensor) {
        guard source.rowBytes % 2 == 0, destination.rowBytes == source.rowBytes else {
            return perform { () throws(ComputeError) in throw unsupported("cells of an odd number of bytes") }
        }
        perform { () throws(ComputeError) in
            for move in moves where move.count > 0 {
                let overlaps =
                    source.address == destination.address && move.from != move.to && move.to + move.count > move.from
                let lanes = overlaps ? 1 : min(move.count, 64)
                let (heads, halves) = (source.shape[0], source.rowBytes / 2)
                var push = PushConstants()
                push.add(address: source.address)
                push.add(address: destination.address)
                push.add(heads, halves, source.shape[1], destination.shape[1], move.from, move.to, move.count, lanes)
                try record("cells", [], push, threads: heads * halves * lanes, reads: [source], writes: [destination])
            }
        }
    }

    public func attend(_ attention: Attention) {
        perform { () throws(ComputeError) in
            for cache in attention.caches where !cache.rows.isEmpty { try attend(attention, cache) }
        }
    }

    private func attend(_ attention: Attention, _ cache: CacheRows) throws(ComputeError) {
        let (keys, values) = (cache.keys, cache.values)
        guard let shader = shader(.attention, keys.type), values.type == keys.type else {
            throw unsupported("no attention with a cache of this type")
        }
        guard max(keys.columns, values.columns) <= 1024 else {
            throw unsupported("heads of more than 1024 values (\(max(keys.columns, values.columns)))")
        }
        let (visible, slopes) = (attention.visible, attention.alibiSlopes)
        var push = PushConstants()
        push.add(address: attention.q.address)
        push.add(address: attention.out.address)
        push.add(address: keys.address)
        push.add(address: values.address)
        push.add(address: try recorder.upload(visible.ranges.flatMap { [$0.start, $0.count] }, of: visible))
        push.add(address: try recorder.upload(visible.offsets))
        push.add(address: slopes.isEmpty ? 0 : try recorder.upload(slopes))
        push.add(address: attention.sinks?.address ?? 0)
        push.add(cache.rows.lowerBound, attention.headCount, attention.headCount / attention.headCountKV)
        push.add(keys.shape[1], keys.columns, values.columns, keys.rowBytes, values.rowBytes)
        push.add(attention.scale)
        push.add(attention.softcap)
        push.add((slopes.isEmpty ? 0 : 1) | (attention.sinks == nil ? 0 : 2))
        try record(
            index: shader, [], push, groups: (cache.rows.count, attention.headCount),
            reads: [attention.q, keys, values] + [attention.sinks].compactMap { $0 }, writes: [attention.out])
    }
}

extension tensor_type: @retroactive Hashable {}
