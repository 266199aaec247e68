// Merging adjacent symbols, best pair first: the one algorithm behind SentencePiece-BPE and byte-level BPE.
// What pairs merge, how well and into what is the rule's; order is (rank, leftmost). Short words scan an array,
// long ones use a heap over a linked list: O(n log n), so that one word of a megabyte is no attack.

/// A run of text that is one token, or none yet (`id` < 0).
struct Symbol: Sendable {
    var id: TokenID
    var start: Int32
    var end: Int32
}

/// A possible merge: smaller ranks go first.
struct Merge: Sendable {
    var rank: UInt32
    var id: TokenID

    static let none = Merge(rank: .max, id: -1)
}

protocol MergeRule {
    /// The merge of two adjacent symbols of `text`, or `.none`.
    func merge(_ left: Symbol, _ right: Symbol, in text: Span<UInt8>) -> Merge
}

/// Scratch space for merging, reused from word to word.
struct SymbolMerger {
    var symbols: [Symbol] = []
    private var merges: [Merge] = []  // merges[i]: of symbol i and the one after it

    /// Words up to this many symbols are scanned: quadratic, but without a heap's bookkeeping.
    private static let longestScanned = 40

    init() {}

    /// Merges `symbols` as far as `rule` goes; they hold the result.
    mutating func run<Rule: MergeRule>(_ rule: Rule, in text: Span<UInt8>) {
        if symbols.count > Self.longestScanned { runHeap(rule, in: text) } else { runScan(rule, in: text) }
    }

    private mutating func runScan<Rule: MergeRule>(_ rule: Rule, in text: Span<UInt8>) {
        guard symbols.count > 1 else { return }
        merges.removeAll(keepingCapacity: true)
        for index in 1..<symbols.count {
            merges.append(rule.merge(symbols[index - 1], symbols[index], in: text))
        }
        while true {
            var best = 0
            var rank = UInt32.max
            for index in merges.indices where merges[index].rank < rank {
                rank = merges[index].rank
                best = index
            }
            guard rank < .max else { return }
            symbols[best].id = merges[best].id
            symbols[best].end = symbols[best + 1].end
            symbols.remove(at: best + 1)
            merges.remove(at: best)
            if best > 0 { merges[best - 1] = rule.merge(symbols[best - 1], symbols[best], in: text) }
            if best < merges.count { merges[best] = rule.merge(symbols[best], symbols[best + 1], in: text) }
        }
    }

    private mutating func runHeap<Rule: MergeRule>(_ rule: Rule, in text: Span<UInt8>) {
        let count = symbols.count
        var list = SymbolList(count: count)
        var heap = MergeHeap(capacity: count)
        merges.removeAll(keepingCapacity: true)
        for index in 1..<count {
            merges.append(rule.merge(symbols[index - 1], symbols[index], in: text))
            heap.add(merges[index - 1], at: index - 1)
        }
        merges.append(.none)
        heap.order()
        while let (rank, left) = heap.pop() {
            // An entry is stale when either side has changed since: then another merge, or none, stands here.
            guard merges[left].rank == rank, let right = list.next(left) else { continue }
            symbols[left].id = merges[left].id
            symbols[left].end = symbols[right].end
            list.remove(right)
            merges[right] = .none
            merges[left] = .none
            if let previous = list.previous(left) {
                merges[previous] = rule.merge(symbols[previous], symbols[left], in: text)
                heap.push(merges[previous], at: previous)
            }
            if let next = list.next(left) {
                merges[left] = rule.merge(symbols[left], symbols[next], in: text)
                heap.push(merges[left], at: left)
            }
        }
        var kept = 0
        var index: Int? = 0
        while let current = index {
            symbols[kept] = symbols[current]
            kept += 1
            index = list.next(current)
        }
        symbols.removeLast(count - kept)
    }
}

/// A doubly linked list over the indices 0..<count; a removed index has no next.
private struct SymbolList {
    private var nexts: [Int32]
    private var previouses: [Int32]

    init(count: Int) {
        nexts = (0..<count).map { $0 + 1 < count ? Int32($0 + 1) : -1 }
        previouses = (0..<count).map { Int32($0 - 1) }
    }

    func next(_ index: Int) -> Int? { nexts[index] < 0 ? nil : Int(nexts[index]) }

    func previous(_ index: Int) -> Int? { previouses[index] < 0 ? nil : Int(previouses[index]) }

    mutating func remove(_ index: Int) {
        let (before, after) = (previouses[index], nexts[index])
        if before >= 0 { nexts[Int(before)] = after }
        if after >= 0 { previouses[Int(after)] = before }
        nexts[index] = -1
        previouses[index] = -1
    }
}

/// A heap of merges, the smallest (rank, left index) first: four children to a node, both numbers in one word.
private struct MergeHeap {
    private var keys: [UInt64] = []

    init(capacity: Int) { keys.reserveCapacity(capacity) }

    /// Adds without ordering, where there is a merge; `order` must follow before the first `pop`.
    mutating func add(_ merge: Merge, at left: Int) {
        if merge.rank < .max { keys.append(UInt64(merge.rank) << 32 | UInt64(left)) }
    }

    mutating func order() {
        for index in stride(from: keys.count / 4, through: 0, by: -1) where index < keys.count {
            sink(keys[index], from: index)
        }
    }

    mutating func push(_ merge: Merge, at left: Int) {
        let count = keys.count
        add(merge, at: left)
        guard keys.count > count else { return }
        let key = keys[count]
        var hole = count
        while hole > 0 {
            let parent = (hole - 1) / 4
            guard key < keys[parent] else { break }
            keys[hole] = keys[parent]
            hole = parent
        }
        keys[hole] = key
    }

    mutating func pop() -> (rank: UInt32, left: Int)? {
        guard let first = keys.first, let last = keys.popLast() else { return nil }
        if !keys.isEmpty { sink(last, from: 0) }
        return (UInt32(truncatingIfNeeded: first >> 32), Int(first & 0xFFFF_FFFF))
    }

    /// Puts `key` where it belongs below `start`, whose place is free.
    private mutating func sink(_ key: UInt64, from start: Int) {
        keys.withUnsafeMutableBufferPointer { keys in
            var hole = start
            while true {
                let first = hole * 4 + 1
                guard first < keys.count else { break }
                var child = first
                for other in first + 1..<max(first + 1, min(first + 4, keys.count)) where keys[other] < keys[child] {
                    child = other
                }
                guard keys[child] < key else { break }
                keys[hole] = keys[child]
                hole = child
            }
            keys[hole] = key
        }
    }
}
