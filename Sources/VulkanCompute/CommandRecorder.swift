// Records dispatches and copies into a command buffer, with barriers only where memory was touched before.
// One idea: everything is an address range. A dispatch states what it reads and writes; if that meets what was written or
// read since the last barrier, one barrier for all goes first. Independent operations (q, k, v; gate and up) overlap.
// Small inputs (ids, cells, angles) and uploads go through host-visible blocks, used again after each submission.

import CVulkan
import Compute
import Glibc

/// Push constants in order: addresses first, then 32-bit numbers.
struct PushConstants {
    private var words: [UInt32] = []

    init() { words.reserveCapacity(Int(cvk_push_bytes) / 4) }

    mutating func add(address: UInt) {
        words.append(UInt32(truncatingIfNeeded: address))
        words.append(UInt32(truncatingIfNeeded: address >> 32))
    }

    mutating func add(_ numbers: Int...) {
        for number in numbers { words.append(UInt32(truncatingIfNeeded: number)) }
    }

    mutating func add(_ number: Float) { words.append(number.bitPattern) }

    mutating func add(_ others: PushConstants) { words += others.words }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { words.withUnsafeBytes(body) }
}

/// What one dispatch does.
struct Dispatch {
    var pipeline: OpaquePointer
    var push: PushConstants
    var groups: (x: Int, y: Int)
    var reads: [Range<UInt>]
    var writes: [Range<UInt>]
}

/// Not thread-safe: the backend takes turns.
final class CommandRecorder {
    private struct Block {
        var memory: cvk_memory
        var used = 0
    }

    private static let blockBytes = 8 << 20
    private static let uploadLimit = 64 << 20

    private let device: Device
    private let handle: OpaquePointer
    private var isRecording = false
    private var read: [Range<UInt>] = []
    private var written: [Range<UInt>] = []
    /// Weights may be among what was copied, and not every dispatch lists all weights it reads.
    private var hasCopies = false
    private var blocks: [Block] = []
    private var uploaded = 0
    /// Objects whose uploads may be asked for again before the next submission.
    private var remembered: [ObjectIdentifier: (object: AnyObject, address: UInt)] = [:]

    init(_ device: Device) throws(VulkanError) {
        var opened: OpaquePointer?
        let result = cvk_recorder_open(device.handle, &opened)
        guard let opened else {
            throw .failed(device: device.name, step: "make a command buffer", result: resultName(result))
        }
        handle = opened
        self.device = device
    }

    deinit {
        cvk_recorder_close(handle)
        for block in blocks {
            var memory = block.memory
            cvk_memory_free(device.handle, &memory)
        }
    }

    /// Nothing is recorded: nothing runs either.
    var isEmpty: Bool { !isRecording }
    /// So much is uploaded that a submission should make room.
    var isFull: Bool { uploaded > CommandRecorder.uploadLimit }

    private func begin() throws(ComputeError) {
        guard !isRecording else { return }
        if let failure = device.failure(cvk_begin(handle), step: "begin recording") { throw failure }
        isRecording = true
    }

    private func order(reads: [Range<UInt>], writes: [Range<UInt>]) {
        let meets = { (a: [Range<UInt>], b: [Range<UInt>]) in a.contains { x in b.contains { $0.overlaps(x) } } }
        if meets(reads, written) || meets(writes, written) || meets(writes, read) { barrier() }
        read += reads
        written += writes
    }

    private func barrier() {
        cvk_barrier(handle)
        read.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
        hasCopies = false
    }

    func record(_ dispatch: Dispatch) throws(ComputeError) {
        guard dispatch.groups.x > 0, dispatch.groups.y > 0 else { return }
        try begin()
        if hasCopies { barrier() }
        order(reads: dispatch.reads, writes: dispatch.writes)
        let most = device.description.mostGroups
        precondition(dispatch.groups.y <= most, "the second dimension of a dispatch is bounded by the operations")
        for base in stride(from: 0, to: dispatch.groups.x, by: most) {
            dispatch.push.withBytes { push in
                var command = cvk_dispatch(
                    pipeline: dispatch.pipeline, push: push.baseAddress, push_bytes: UInt32(push.count),
                    base_x: UInt32(base), x: UInt32(min(most, dispatch.groups.x - base)), y: UInt32(dispatch.groups.y))
                cvk_record_dispatch(handle, &command)
            }
        }
    }

    /// Copies host bytes to the region's byte `offset`, at the next submission.
    func upload(_ bytes: UnsafeRawBufferPointer, to region: Allocation, at offset: Int) throws(ComputeError) {
        guard !bytes.isEmpty else { return }
        try begin()
        let place = try reserve(bytes.count)
        if let source = bytes.baseAddress { memcpy(place.pointer, source, bytes.count) }
        let first = UInt(region.memory.address) + UInt(region.offset + offset)
        order(reads: [], writes: [first..<first + UInt(bytes.count)])
        hasCopies = true
        var (source, target) = (blocks[place.block].memory, region.memory)
        cvk_record_copy(
            handle, &source, UInt64(place.offset), &target, UInt64(region.offset + offset), UInt64(bytes.count))
    }

    func zero(_ region: Allocation) throws(ComputeError) {
        try begin()
        let first = UInt(region.memory.address) + UInt(region.offset)
        order(reads: [], writes: [first..<first + UInt(region.zeroableBytes)])
        var memory = region.memory
        cvk_record_zero(handle, &memory, UInt64(region.offset), UInt64(region.zeroableBytes))
    }

    /// The address of a copy of the values, valid until the next submission ends.
    func upload<Value: BitwiseCopyable>(_ values: [Value]) throws(ComputeError) -> UInt {
        let place = try reserve(values.count * MemoryLayout<Value>.stride)
        values.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { memcpy(place.pointer, source, bytes.count) }
        }
        return UInt(blocks[place.block].memory.address) + UInt(place.offset)
    }

    /// As `upload`, but once per object and submission.
    func upload<Value: BitwiseCopyable>(_ values: [Value], of object: AnyObject) throws(ComputeError) -> UInt {
        if let known = remembered[ObjectIdentifier(object)] { return known.address }
        let address = try upload(values)
        remembered[ObjectIdentifier(object)] = (object, address)
        return address
    }

    /// Bytes in a host-visible block.
    private struct Place {
        var block: Int
        var offset: Int
        var pointer: UnsafeMutableRawPointer
    }

    private func reserve(_ byteCount: Int) throws(ComputeError) -> Place {
        let needed = (byteCount + 64 + 255) / 256 * 256
        var index = blocks.firstIndex { $0.used + needed <= Int($0.memory.byte_count) }
        if index == nil {
            var memory = cvk_memory()
            let size = max(needed, CommandRecorder.blockBytes)
            let result = cvk_memory_allocate(device.handle, UInt64(size), true, false, &memory)
            if let failure = device.failure(result, allocating: size) { throw failure }
            blocks.append(Block(memory: memory))
            index = blocks.count - 1
        }
        guard let index, let mapped = blocks[index].memory.mapped else { throw .outOfMemory(byteCount: needed) }
        let offset = blocks[index].used
        blocks[index].used += needed
        uploaded += needed
        return Place(block: index, offset: offset, pointer: mapped + offset)
    }

    /// Runs what was recorded and waits for its end.
    func submit() throws(ComputeError) {
        guard isRecording else { return }
        isRecording = false
        defer { reset() }
        if let failure = device.failure(device.run(handle), step: "run commands") { throw failure }
    }

    private func reset() {
        read.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
        hasCopies = false
        remembered.removeAll(keepingCapacity: true)
        uploaded = 0
        for i in blocks.indices.reversed() {
            blocks[i].used = 0
            if blocks[i].memory.byte_count > UInt64(CommandRecorder.blockBytes) || i > 15 {
                cvk_memory_free(device.handle, &blocks[i].memory)
                blocks.remove(at: i)
            }
        }
    }
}
