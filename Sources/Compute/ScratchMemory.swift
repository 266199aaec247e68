// Memory of a backend that lives between operations: it grows to the largest use and is never cleared.

/// Named regions, one per use at a time, and one region per worker thread.
final class ScratchMemory {
    enum Use: Int, CaseIterable {
        case first, second, third, router, expertInput, gate, up, down
        /// One region for each activation type of one call: there are three such types.
        static let quantized = [Use.first, .second, .third]
    }

    private var regions: [UnsafeMutableRawBufferPointer]
    private let uses = Use.allCases.count

    init(workers: Int) {
        regions = Array(repeating: .init(start: nil, count: 0), count: uses + workers)
    }

    deinit {
        for region in regions { region.deallocate() }
    }

    /// At least `byteCount` bytes, 64-aligned, valid until the next call for the same use.
    func bytes(_ use: Use, _ byteCount: Int) -> UnsafeMutableRawPointer { region(use.rawValue, byteCount) }

    /// At least `count` floats for a worker thread; reserve before the workers start.
    func floats(worker: Int, _ count: Int) -> UnsafeMutablePointer<Float> {
        region(uses + worker, count * 4).assumingMemoryBound(to: Float.self)
    }

    private func region(_ index: Int, _ byteCount: Int) -> UnsafeMutableRawPointer {
        if let start = regions[index].baseAddress, regions[index].count >= byteCount { return start }
        regions[index].deallocate()
        let region = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, byteCount * 5 / 4), alignment: 64)
        regions[index] = region
        return region.baseAddress.unsafelyUnwrapped
    }
}
