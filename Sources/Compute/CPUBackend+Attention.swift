// Attention and the KV cache on the CPU: rows that look into one cache are cut by KV head and by blocks of rows.

import CKernels
import Glibc

extension CPUBackend {
    /// Rows per attention chunk: enough for a kernel to share the prefix between rows, few enough for two threads.
    private static let rowsPerBlock = 32

    public func store(_ x: Tensor, in cache: Tensor, cells: ArraySlice<UInt32>) {
        let (heads, capacity, dimension) = (cache.shape[0], cache.shape[1], cache.columns)
        let blocks = dimension / Int(tensor_type_get(cache.type).pointee.block_size)
        let (source, quantize, first) = (x.floats, quantizer(of: cache.type), cells.startIndex)
        overRanges(cells.count, cost: x.columns) { range in
            for i in range {
                for head in 0..<heads {
                    let target = cache.bytes + (head * capacity + Int(cells[first + i])) * cache.rowBytes
                    quantize?(source + i * x.columns + head * dimension, target, blocks)
                }
            }
        }
    }

    public func copyCells(_ moves: [CellMove], from source: Tensor, to destination: Tensor) {
        for head in 0..<source.shape[0] {
            let from = source.bytes + head * source.shape[1] * source.rowBytes
            let to = destination.bytes + head * destination.shape[1] * destination.rowBytes
            for move in moves {
                memmove(
                    to + move.to * source.rowBytes, from + move.from * source.rowBytes, move.count * source.rowBytes)
            }
        }
    }

    /// One chunk: a block of rows of one cache against one KV head.
    private struct AttentionChunk {
        var cache: CacheRows
        var rows: Range<Int>
        var head: Int
    }

    public func attend(_ attention: Attention) {
        var chunks: [AttentionChunk] = []
        for cache in attention.caches {
            for start in stride(from: cache.rows.lowerBound, to: cache.rows.upperBound, by: CPUBackend.rowsPerBlock) {
                let rows = start..<min(start + CPUBackend.rowsPerBlock, cache.rows.upperBound)
                for head in 0..<attention.headCountKV {
                    chunks.append(AttentionChunk(cache: cache, rows: rows, head: head))
                }
            }
        }
        serially {
            var floats = 0
            for chunk in chunks where chunk.head == 0 {
                withArguments(attention, chunk) { floats = max(floats, attention_scratch_floats(&$0)) }
            }
            for worker in 0..<threads { _ = scratch.floats(worker: worker, floats) }
            pool.run(chunks.count) { index, worker in
                withArguments(attention, chunks[index]) {
                    $0.scratch = scratch.floats(worker: worker, floats)
                    kernels.attention(&$0)
                }
            }
        }
    }

    private func withArguments(_ attention: Attention, _ chunk: AttentionChunk, _ body: (inout attention_args) -> Void)
    {
        let (keys, values) = (chunk.cache.keys, chunk.cache.values)
        let perKV = attention.headCount / attention.headCountKV
        let firstHead = chunk.head * perKV
        let row = chunk.rows.lowerBound
        let visible = attention.visible
        visible.ranges.withUnsafeBufferPointer { ranges in
            visible.offsets.withUnsafeBufferPointer { offsets in
                attention.alibiSlopes.withUnsafeBufferPointer { slopes in
                    var arguments = attention_args()
                    arguments.q = UnsafePointer(
                        attention.q.floats + row * attention.q.columns + firstHead * keys.columns)
                    arguments.q_stride = attention.q.columns
                    arguments.k = UnsafeRawPointer(keys.bytes + chunk.head * keys.shape[1] * keys.rowBytes)
                    arguments.v = UnsafeRawPointer(values.bytes + chunk.head * values.shape[1] * values.rowBytes)
                    arguments.kv_type = keys.type
                    arguments.ranges = ranges.baseAddress
                    arguments.range_offsets = offsets.baseAddress.map { $0 + row }
                    arguments.out = attention.out.floats + row * attention.out.columns + firstHead * values.columns
                    arguments.out_stride = attention.out.columns
                    arguments.rows = chunk.rows.count
                    arguments.heads_per_kv = perKV
                    arguments.k_dim = keys.columns
                    arguments.v_dim = values.columns
                    arguments.scale = attention.scale
                    arguments.softcap = attention.softcap
                    arguments.alibi_slopes =
                        attention.alibiSlopes.isEmpty ? nil : slopes.baseAddress.map { $0 + firstHead }
                    arguments.sinks = attention.sinks.map { UnsafePointer($0.floats + firstHead) }
                    body(&arguments)
                }
            }
        }
    }
}
