// Keys and values of one timeline, and of branches that continue it.
// One idea: cells. The trunk lies in cells 0 ..< length in order; branches take the cells after it in order of their
// growth, and a row sees its trunk and its own branch as ranges of cells. Committing a branch moves its cells down.
// Storage is head-major, [layer][KV head][cell][dimension], reserved at once and resident when written.
// Not thread-safe: a cache belongs to one timeline. K is stored after RoPE.

import CKernels
import Compute

/// How keys and values are stored; automatic: f32 for models with F32 weights, else f16.
public enum CacheType: String, Sendable, CaseIterable {
    case automatic, f32, f16, q8_0

    /// Of the cells; automatic is decided by the decoder before.
    var tensorType: tensor_type {
        switch self {
        case .f16, .automatic: tensor_type_f16
        case .f32: tensor_type_f32
        case .q8_0: tensor_type_q8_0
        }
    }
}

/// A point of the trunk to come back to.
public struct Checkpoint: Sendable, Equatable {
    public let length: Int
    let cache: ObjectIdentifier
}

/// A continuation of a cache's trunk; open until the trunk changes.
public struct Branch: Sendable, Hashable {
    let id: UInt64
    let cache: ObjectIdentifier
}

public final class KVCache {
    /// Most tokens of a timeline.
    public let context: Int
    public let type: CacheType
    /// Tokens of the trunk.
    public private(set) var length = 0
    /// Cells: the context, and room for branches beside it.
    public let capacity: Int
    /// Bytes of a full cache; pages not yet written are not resident.
    public let byteCount: Int

    let keys: [Tensor]  // per layer: [heads, cells, dim]
    let values: [Tensor]
    private let placement: Placement
    let decoder: ObjectIdentifier
    private(set) var nextCell = 0
    private var branches: [UInt64: BranchCells] = [:]
    private var lastBranch: UInt64 = 0

    /// Where a branch lies.
    struct BranchCells {
        var ranges: [cell_range]
        var length: Int
    }

    /// What a cache is made of.
    struct Layout {
        var decoder: ObjectIdentifier
        var type: CacheType
        var context: Int
        var branchCells: Int
        var headCountKV: [Int]
        var keyLength: Int
        var valueLength: Int

        var tensorType: tensor_type { type.tensorType }
    }

    private let layout: Layout

    init(_ layout: Layout, placement: Placement) throws(TransformerError) {
        let (cells, overflow) = layout.context.addingReportingOverflow(layout.branchCells)
        guard !overflow, cells <= Int(Int32.max) else {
            throw .contextOutOfRange(requested: layout.context, largest: Int(Int32.max) - layout.branchCells)
        }
        var keys: [Tensor] = []
        var values: [Tensor] = []
        for (block, heads) in layout.headCountKV.enumerated() {
            let backend = placement.backend(ofBlock: block)
            for (width, isKey) in [(layout.keyLength, true), (layout.valueLength, false)] {
                let shape = [heads, cells, width]
                guard width % Int(tensor_type_get(layout.tensorType).pointee.block_size) == 0 else {
                    throw .cacheTypeMismatch(type: layout.type.rawValue, width: width)
                }
                let tensor = try carrying { () throws(ComputeError) in
                    try backend.makeTensor(type: layout.tensorType, shape: shape)
                }
                if isKey { keys.append(tensor) } else { values.append(tensor) }
            }
        }
        self.layout = layout
        self.keys = keys
        self.values = values
        self.placement = placement
        decoder = layout.decoder
        context = layout.context
        type = layout.type
        capacity = cells
        byteCount = (keys + values).reduce(0) { $0 + $1.rows * $1.rowBytes }
    }

    var id: ObjectIdentifier { ObjectIdentifier(self) }

    // MARK: Trunk

    public func checkpoint() -> Checkpoint { Checkpoint(length: length, cache: id) }

    /// Whether the checkpoint is one of this cache.
    public func made(_ checkpoint: Checkpoint) -> Bool { checkpoint.cache == id }

    /// Forgets the tokens after the checkpoint and every open branch. Throws unknownCheckpoint.
    public func rollback(to checkpoint: Checkpoint) throws(TransformerError) {
        guard checkpoint.cache == id, checkpoint.length <= length else { throw .unknownCheckpoint }
        length = checkpoint.length
        closeBranches()
    }

    /// An independent cache with the same trunk and no branches.
    public func fork() throws(TransformerError) -> KVCache {
        let copy = try KVCache(layout, placement: placement)
        copy.length = length
        copy.nextCell = length
        guard length > 0 else { return copy }
        copyCells([CellMove(from: 0, to: 0, count: length)], to: copy)
        return copy
    }

    // MARK: Branches

    public var hasBranches: Bool { !branches.isEmpty }

    /// A branch that begins at the trunk's end.
    public func openBranch() -> Branch { open(BranchCells(ranges: [], length: 0)) }

    /// A branch that begins behind the first `count` tokens (nil: all) of another. Throws unknownBranch.
    public func openBranch(from branch: Branch, count: Int? = nil) throws(TransformerError) -> Branch {
        let own = try cells(of: branch)
        let length = count ?? own.length
        precondition(length >= 0 && length <= own.length, "a branch cannot begin behind another's end")
        var start = BranchCells(ranges: [], length: length)
        var left = length
        for range in own.ranges where left > 0 {
            let taken = min(left, Int(range.count))
            start.ranges.append(cells: Int(range.start), count: taken)
            left -= taken
        }
        return open(start)
    }

    /// Tokens of a branch after the trunk. Throws unknownBranch.
    public func length(of branch: Branch) throws(TransformerError) -> Int { try cells(of: branch).length }

    /// The branch's first `count` tokens (nil: all) become the trunk's next; all branches close. Throws unknownBranch.
    public func commit(_ branch: Branch, count: Int? = nil) throws(TransformerError) {
        let own = try cells(of: branch)
        var left = count ?? own.length
        precondition(left >= 0 && left <= own.length, "a branch cannot commit more tokens than it has")
        var moves: [CellMove] = []
        var target = length
        for range in own.ranges where left > 0 {
            let taken = min(left, Int(range.count))
            if Int(range.start) != target { moves.append(CellMove(from: Int(range.start), to: target, count: taken)) }
            target += taken
            left -= taken
        }
        if !moves.isEmpty { copyCells(moves, to: self) }
        length = target
        closeBranches()
    }

    private func copyCells(_ moves: [CellMove], to target: KVCache) {
        for block in keys.indices {
            let backend = placement.backend(ofBlock: block)
            backend.copyCells(moves, from: keys[block], to: target.keys[block])
            backend.copyCells(moves, from: values[block], to: target.values[block])
        }
    }

    /// Forgets every branch.
    public func closeBranches() {
        branches.removeAll()
        nextCell = length
    }

    private func open(_ cells: BranchCells) -> Branch {
        lastBranch += 1
        branches[lastBranch] = cells
        return Branch(id: lastBranch, cache: id)
    }

    // MARK: For the forward pass

    func cells(of branch: Branch) throws(TransformerError) -> BranchCells {
        guard branch.cache == id, let cells = branches[branch.id] else { throw .unknownBranch }
        return cells
    }

    /// Makes `count` rows written at `start` part of the trunk or of a branch.
    func append(_ count: Int, at start: Int, to branch: Branch?) {
        nextCell = max(nextCell, start + count)
        guard let branch else {
            length = start + count
            return
        }
        guard var own = branches[branch.id] else { return }
        own.ranges.append(cells: start, count: count)
        own.length += count
        branches[branch.id] = own
    }
}

extension [cell_range] {
    /// Adds cells at the end, joined to the last range where they follow it.
    mutating func append(cells start: Int, count: Int) {
        guard count > 0 else { return }
        if let last, Int(last.start) + Int(last.count) == start {
            self[self.count - 1].count += UInt32(count)
        } else {
            append(cell_range(start: UInt32(start), count: UInt32(count)))
        }
    }
}
