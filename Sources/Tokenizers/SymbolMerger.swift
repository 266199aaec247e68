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
    private var merges: [Merge] = []  // merges[i]: of symbols i and i + 1

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
        for index in 1..<count {
            let merge = rule.merge(symbols[index - 1], symbols[index], in: text)
            if merge.id >= 0 { heap.add(MergeHeap.Entry(merge, index - 1, symbols[index - 1].id, symbols[index].id)) }
        }
        heap.order()
        while let entry = heap.pop() {
            let left = entry.left
            // An entry is stale when either side has changed since; a symbol only grows, so its id tells.
            guard let right = list.next(left), symbols[left].id == entry.leftID, symbols[right].id == entry.rightID
            else { continue }
            symbols[left].id = entry.id
            symbols[left].end = symbols[right].end
            list.remove(right)
            if let previous = list.previous(left) {
                let merge = rule.merge(symbols[previous], symbols[left], in: text)
                if merge.id >= 0 { heap.push(.init(merge, previous, symbols[previous].id, symbols[left].id)) }
            }
            if let next = list.next(left) {
                let merge = rule.merge(symbols[left], symbols[next], in: text)
                if merge.id >= 0 { heap.push(.init(merge, left, symbols[left].id, symbols[next].id)) }
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

/// A binary heap of merges, the smallest (rank, left index) first.
private struct MergeHeap {
    struct Entry {
        let key: UInt64
        let id: TokenID
        let leftID: TokenID
        let rightID: TokenID

        var left: Int { Int(key & 0xFFFF_FFFF) }

        init(_ merge: Merge, _ left: Int, _ leftID: TokenID, _ rightID: TokenID) {
            key = UInt64(merge.rank) << 32 | UInt64(left)
            id = merge.id
            self.leftID = leftID
            self.rightID = rightID
        }
    }

    private var entries: [Entry] = []

    init(capacity: Int) { entries.reserveCapacity(capacity) }

    /// Adds without ordering; `order` must follow before the first `pop`.
    mutating func add(_ entry: Entry) { entries.append(entry) }

    mutating func order() {
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].key < entries[parent].key else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink(0)
        }
        return first
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var child = parent * 2 + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].key < entries[child].key { child += 1 }
            guard entries[child].key < entries[parent].key else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
