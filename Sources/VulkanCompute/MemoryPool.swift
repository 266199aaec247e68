// Device memory: small tensors share chunks, large ones have their own. Addresses, not handles, are what tensors carry.
// One idea: memory that is let go is used again only after the commands recorded before have run, so `collect` is called
// by the backend when nothing is in flight. Every region ends in padding, because shaders load whole words and groups.

import CVulkan
import Compute
import Synchronization

final class MemoryPool: @unchecked Sendable {
    private struct Chunk {
        var memory: cvk_memory
        /// Free regions in order, never adjacent.
        var free: [Range<Int>]
        var isShared: Bool
    }

    /// Where a tensor lies.
    struct Region {
        var chunk: Int
        var range: Range<Int>
    }

    private struct State {
        var chunks: [Int: Chunk] = [:]
        var nextChunk = 0
        var retired: [Region] = []
        var isExhausted = false
    }

    private static let chunkBytes = 32 << 20
    private static let padding = 64
    private static let alignment = 256

    let device: Device
    private let state = Mutex(State())

    init(_ device: Device) { self.device = device }

    deinit {
        state.withLock { state in
            for (_, chunk) in state.chunks {
                var memory = chunk.memory
                cvk_memory_free(device.handle, &memory)
            }
        }
    }

    /// The most bytes one tensor may have.
    var mostBytes: Int {
        device.description.largestAllocation / MemoryPool.alignment * MemoryPool.alignment - MemoryPool.padding
    }

    /// For tests: as on a device whose memory is full, no chunk is made any more.
    func exhaust() { state.withLock { $0.isExhausted = true } }

    /// Throws outOfMemory or deviceFailed.
    func allocate(_ byteCount: Int) throws(ComputeError) -> Allocation {
        let (padded, overflow) = byteCount.addingReportingOverflow(MemoryPool.padding + MemoryPool.alignment - 1)
        guard !overflow else { throw .outOfMemory(byteCount: byteCount) }
        let size = padded / MemoryPool.alignment * MemoryPool.alignment
        guard byteCount <= mostBytes else {
            let reason = "a tensor of \(byteCount) bytes is larger than the \(mostBytes) that one allocation may have"
            throw .deviceFailed(device: device.name, reason: reason)
        }
        let chunkBytes = min(MemoryPool.chunkBytes, device.description.largestAllocation)
        let isShared = size <= chunkBytes / 4
        var failure: ComputeError?
        let made = state.withLock { state -> Allocation? in
            if isShared, let region = take(size, from: &state) { return allocation(region, byteCount, state) }
            if state.isExhausted { return nil }
            var memory = cvk_memory()
            let chunkSize = isShared ? chunkBytes : size
            let result = cvk_memory_allocate(device.handle, UInt64(chunkSize), false, false, &memory)
            guard result == 0 else {
                failure = device.failure(result, allocating: byteCount)
                return nil
            }
            let number = state.nextChunk
            state.nextChunk += 1
            let free = isShared ? [size..<chunkSize] : []
            state.chunks[number] = Chunk(memory: memory, free: free, isShared: isShared)
            return allocation(Region(chunk: number, range: 0..<size), byteCount, state)
        }
        guard let made else { throw failure ?? .outOfMemory(byteCount: byteCount) }
        return made
    }

    private func take(_ size: Int, from state: inout State) -> Region? {
        for (number, chunk) in state.chunks where chunk.isShared {
            guard let i = chunk.free.firstIndex(where: { $0.count >= size }) else { continue }
            let range = chunk.free[i].lowerBound..<chunk.free[i].lowerBound + size
            let rest = range.upperBound..<chunk.free[i].upperBound
            state.chunks[number]?.free.replaceSubrange(i...i, with: rest.isEmpty ? [] : [rest])
            return Region(chunk: number, range: range)
        }
        return nil
    }

    private func allocation(_ region: Region, _ byteCount: Int, _ state: State) -> Allocation? {
        state.chunks[region.chunk].map { chunk in
            Allocation(pool: self, region: region, memory: chunk.memory, byteCount: byteCount)
        }
    }

    fileprivate func retire(_ region: Region) {
        state.withLock { $0.retired.append(region) }
    }

    /// Makes what was let go available again; nothing may be recorded or running that uses it.
    func collect() {
        state.withLock { state in
            for region in state.retired {
                guard var chunk = state.chunks[region.chunk] else { continue }
                if chunk.isShared {
                    MemoryPool.insert(region.range, into: &chunk.free)
                    state.chunks[region.chunk] = chunk
                } else {
                    state.chunks[region.chunk] = nil
                    cvk_memory_free(device.handle, &chunk.memory)
                }
            }
            state.retired.removeAll()
        }
    }

    private static func insert(_ range: Range<Int>, into free: inout [Range<Int>]) {
        var at = free.firstIndex { $0.lowerBound > range.lowerBound } ?? free.count
        free.insert(range, at: at)
        if at > 0, free[at - 1].upperBound == free[at].lowerBound {
            free[at - 1] = free[at - 1].lowerBound..<free[at].upperBound
            free.remove(at: at)
            at -= 1
        }
        if at + 1 < free.count, free[at].upperBound == free[at + 1].lowerBound {
            free[at] = free[at].lowerBound..<free[at + 1].upperBound
            free.remove(at: at + 1)
        }
    }
}

/// A region in use; letting go of the last reference retires it.
final class Allocation: @unchecked Sendable {
    private let pool: MemoryPool
    private let region: MemoryPool.Region
    let memory: cvk_memory
    let byteCount: Int

    fileprivate init(pool: MemoryPool, region: MemoryPool.Region, memory: cvk_memory, byteCount: Int) {
        self.pool = pool
        self.region = region
        self.memory = memory
        self.byteCount = byteCount
    }

    deinit { pool.retire(region) }

    /// Bytes from the beginning of `memory`.
    var offset: Int { region.range.lowerBound }
    /// Whole words up to and with the padding.
    var zeroableBytes: Int { region.range.count }

    /// The region as a buffer whose "contents" are device addresses: only this backend follows them.
    var buffer: Buffer {
        let address = UnsafeRawPointer(bitPattern: UInt(memory.address) + UInt(offset))
        return Buffer(viewing: UnsafeRawBufferPointer(start: address, count: byteCount), owner: self)
    }
}
