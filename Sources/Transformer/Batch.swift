// Runs laid out as rows: token, position, cell and visible cells of each, checked before anything is written.
// One idea: a row sees ranges of cells (its trunk, then its branch up to itself), so several branches and several caches
// are one batch. A window drops the oldest visible cells.

import CKernels
import Compute

struct Batch {
    /// A run's place in the batch.
    struct Placed {
        var rows: Range<Int>
        var firstCell: Int
    }

    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var cells: [UInt32] = []
    private(set) var placed: [Placed] = []
    /// Consecutive rows of one cache.
    private(set) var groups: [(cache: KVCache, rows: Range<Int>)] = []
    private(set) var everything: VisibleCells
    /// What rows see in layers with a sliding window.
    private(set) var window: VisibleCells

    private var visible = VisibleBuilder(window: nil)
    private var windowed: VisibleBuilder

    init(_ runs: [Run], config: DecoderConfig, decoder: ObjectIdentifier) throws(TransformerError) {
        windowed = VisibleBuilder(window: config.slidingWindow)
        everything = visible.cells
        window = everything
        var nextCells: [ObjectIdentifier: Int] = [:]
        var timelines: Set<Timeline> = []
        for run in runs {
            guard run.cache.decoder == decoder else { throw .foreignCache }
            guard timelines.insert(Timeline(cache: run.cache.id, branch: run.branch)).inserted else {
                throw .duplicateRun
            }
            try Batch.check(run, vocabularySize: config.vocabularySize)
            let firstCell = nextCells[run.cache.id] ?? run.cache.nextCell
            try place(run, firstCell: firstCell)
            nextCells[run.cache.id] = firstCell + run.tokens.count
        }
        for run in runs where run.branch == nil {
            let isAlone = !timelines.contains { $0.cache == run.cache.id && $0.branch != nil }
            guard !run.cache.hasBranches, isAlone else { throw .branchesOpen }
        }
        everything = visible.cells
        window = config.slidingWindow == nil ? everything : windowed.cells
    }

    private struct Timeline: Hashable {
        var cache: ObjectIdentifier
        var branch: Branch?
    }

    private static func check(_ run: Run, vocabularySize: Int) throws(TransformerError) {
        guard !run.tokens.isEmpty else { throw .noTokens }
        var ids = run.tokens
        if case .scores(let targets) = run.want {
            guard targets.count == run.tokens.count else {
                throw .targetCountMismatch(tokens: run.tokens.count, targets: targets.count)
            }
            ids += targets.compactMap { $0 }
        }
        for id in ids where id < 0 || Int(id) >= vocabularySize {
            throw .tokenOutOfRange(token: id, vocabularySize: vocabularySize)
        }
    }

    private mutating func place(_ run: Run, firstCell: Int) throws(TransformerError) {
        let cache = run.cache
        var own = KVCache.BranchCells(ranges: [], length: 0)
        if let branch = run.branch { own = try cache.cells(of: branch) }
        let (start, count) = (cache.length + own.length, run.tokens.count)
        guard count <= cache.context - start else {
            throw .contextFull(context: cache.context, length: start, requested: count)
        }
        guard count <= cache.capacity - firstCell else {
            throw .branchCellsFull(cells: cache.capacity - firstCell, requested: count)
        }
        let rows = tokens.count..<tokens.count + count
        var prefix: [cell_range] = []
        prefix.append(cells: 0, count: cache.length)
        for range in own.ranges { prefix.append(cells: Int(range.start), count: Int(range.count)) }
        for i in 0..<count {
            tokens.append(run.tokens[i])
            positions.append(Int32(start + i))
            cells.append(UInt32(firstCell + i))
            visible.addRow(prefix: prefix, ownCells: firstCell, count: i + 1)
            windowed.addRow(prefix: prefix, ownCells: firstCell, count: i + 1)
        }
        placed.append(Placed(rows: rows, firstCell: firstCell))
        if let last = groups.last, last.cache === cache {
            groups[groups.count - 1].rows = last.rows.lowerBound..<rows.upperBound
        } else {
            groups.append((cache, rows))
        }
    }
}

/// Collects the ranges of cells that rows see.
private struct VisibleBuilder {
    var window: Int?
    private var ranges: [cell_range] = []
    private var offsets: [UInt32] = [0]

    init(window: Int?) { self.window = window }

    /// A row that sees the prefix and `count` cells from `ownCells` on, of all these the last `window`.
    mutating func addRow(prefix: [cell_range], ownCells: Int, count: Int) {
        let first = ranges.count
        var hidden = 0
        if let window { hidden = max(0, prefix.reduce(count) { $0 + Int($1.count) } - window) }
        for range in prefix {
            let dropped = min(hidden, Int(range.count))
            hidden -= dropped
            if dropped < Int(range.count) {
                ranges.append(cell_range(start: range.start + UInt32(dropped), count: range.count - UInt32(dropped)))
            }
        }
        let (start, length) = (ownCells + hidden, count - hidden)
        if ranges.count > first, let last = ranges.last, Int(last.start) + Int(last.count) == start {
            ranges[ranges.count - 1].count += UInt32(length)
        } else {
            ranges.append(cell_range(start: UInt32(start), count: UInt32(length)))
        }
        offsets.append(UInt32(ranges.count))
    }

    var cells: VisibleCells { VisibleCells(ranges: ranges, offsets: offsets) }
}
