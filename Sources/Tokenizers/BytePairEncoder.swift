// Byte-level BPE ("gpt2"): pieces of the pre-tokenizer, their bytes as first symbols, merges by rank.
// A class, so that closures and recursion pass one reference (as a struct, copies cost two thirds of the time).
// Merges are pairs of token ids resolved at load; a merge whose parts or result are no tokens is refused.
// "gemma4" merges by rank too, but from characters, with U+2581 for spaces and byte tokens for what is no token.
// Source: Sennrich et al. 2016; the byte alphabet of GPT-2.

final class BytePairEncoder: Sendable, MergeRule {
    /// What the first symbols are.
    enum Unit { case byte, character }

    let preTokenizer: PreTokenizer
    let unit: Unit
    private let vocabulary: Vocabulary
    private let byteTokens: [TokenID]  // -1: the vocabulary lacks that byte
    private let fallback: ByteFallback
    private let pairs: PairTable

    init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary, _ preTokenizer: PreTokenizer)
        throws(TokenizerError)
    {
        self.preTokenizer = preTokenizer
        self.vocabulary = vocabulary
        unit = definition.model == "gemma4" ? .character : .byte
        fallback = ByteFallback(vocabulary, unknown: definition.unknown)
        byteTokens = (0..<256).map { byte in
            var spelled: [UInt8] = []
            appendUTF8(UInt32(ByteAlphabet.scalars[byte]), to: &spelled)
            return vocabulary.find(spelled) ?? -1
        }
        pairs = try PairTable(merges: definition.merges, vocabulary: vocabulary, unit)
    }

    func encode(_ text: Span<UInt8>, into ids: inout [TokenID]) {
        guard unit == .character else { return encodePieces(text, into: &ids) }
        let escaped = SentencePieceEncoder.escape(text, dummyPrefix: false)
        encodePieces(escaped.span, into: &ids)
    }

    private func encodePieces(_ text: Span<UInt8>, into ids: inout [TokenID]) {
        var merger = SymbolMerger()
        var cache = WordCache(textBytes: text.count)
        var spelled: [UInt8] = []
        preTokenizer.forEachPiece(text) { range in
            cache.ids(of: range, in: text, into: &ids) { ids in
                if preTokenizer.ignoresMerges, let whole = wholeWord(text.extracting(range), &spelled) {
                    ids.append(whole)
                } else {
                    encodeWord(text, range, &merger, into: &ids)
                }
            }
        }
    }

    private func wholeWord(_ word: Span<UInt8>, _ spelled: inout [UInt8]) -> TokenID? {
        spelled.removeAll(keepingCapacity: true)
        ByteAlphabet.spell(word, into: &spelled)
        guard let id = vocabulary.find(spelled.span), vocabulary.kinds[Int(id)] != .control else { return nil }
        return id
    }

    private func encodeWord(
        _ text: Span<UInt8>, _ range: Range<Int>, _ merger: inout SymbolMerger, into ids: inout [TokenID]
    ) {
        var run = ByteFallback.Run()
        var last: UInt8?  // of the symbols gathered
        merger.symbols.removeAll(keepingCapacity: true)
        var index = range.lowerBound
        while index < range.upperBound {
            let end = unit == .byte ? index + 1 : index + text.scalar(at: index).length
            let id = unit == .byte ? byteTokens[Int(text[index])] : vocabulary.find(text.extracting(index..<end)) ?? -1
            defer { index = end }
            // A byte that a byte-level vocabulary lacks is left out before merging, as the models' own tokenizers do.
            if id < 0, unit == .byte { continue }
            // Parts that no merge joins are merged apart: short ones go much quicker than a long one.
            if let last, !pairs.joins(last, text[index]) { merge(text, &merger, &run, into: &ids) }
            merger.symbols.append(Symbol(id: id, start: Int32(index), end: Int32(end)))
            last = text[end - 1]
        }
        merge(text, &merger, &run, into: &ids)
    }

    /// Merges the symbols gathered, appends their ids and leaves none.
    private func merge(
        _ text: Span<UInt8>, _ merger: inout SymbolMerger, _ run: inout ByteFallback.Run, into ids: inout [TokenID]
    ) {
        merger.run(self, in: text)
        for symbol in merger.symbols {
            if symbol.id >= 0 {
                ids.append(symbol.id)
                run = ByteFallback.Run()
            } else {
                fallback.append(text.extracting(Int(symbol.start)..<Int(symbol.end)), &run, to: &ids)
            }
        }
        merger.symbols.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    func merge(_ left: Symbol, _ right: Symbol, in text: Span<UInt8>) -> Merge {
        left.id < 0 || right.id < 0 ? .none : pairs[left.id, right.id]
    }
}

/// Merges by pair of ids: open addressing, seeded.
private struct PairTable: Sendable {
    private struct Entry {
        var key: UInt64 = .max  // free: no pair of ids has all bits set
        var merge = Merge.none
    }

    private var entries: [Entry]
    /// Bit `second` of `first`: a merge has a left part that ends in byte `first` and a right one that begins with `second`.
    private var joints = [UInt64](repeating: 0, count: 1024)
    private let seed = UInt64.random(in: 0...UInt64.max)

    init(merges: ByteStrings, vocabulary: Vocabulary, _ unit: BytePairEncoder.Unit) throws(TokenizerError) {
        var size = 16
        while size < merges.count + merges.count / 2 { size *= 2 }
        entries = [Entry](repeating: Entry(), count: size)
        var joined: [UInt8] = []
        for rank in 0..<merges.count {
            let text = merges[rank]
            // The parts may begin with a space only in theory: the alphabet spells it as U+0120.
            guard let space = text.dropFirst().firstIndex(of: 0x20) else {
                throw Self.bad(merges, rank, missing: "a space between two tokens")
            }
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: text[..<space])
            let split = joined.count
            joined.append(contentsOf: text[(space + 1)...])
            let span = joined.span
            guard let left = vocabulary.find(span.extracting(..<split)) else {
                throw Self.bad(merges, rank, missing: String(decoding: joined[..<split], as: UTF8.self))
            }
            guard let right = vocabulary.find(span.extracting(split...)) else {
                throw Self.bad(merges, rank, missing: String(decoding: joined[split...], as: UTF8.self))
            }
            guard let result = vocabulary.find(span) else {
                throw Self.bad(merges, rank, missing: String(decoding: joined, as: UTF8.self))
            }
            insert(left, right, Merge(rank: UInt32(rank), id: result))
            note(jointAt: split, in: span, unit)
        }
    }

    /// Remembers the bytes on both sides of `split`; a character outside the byte alphabet stands in no text.
    private mutating func note(jointAt split: Int, in joined: Span<UInt8>, _ unit: BytePairEncoder.Unit) {
        var first = joined[split - 1]
        var second = joined[split]
        if unit == .byte {
            let start = first & 0xC0 == 0x80 ? max(split - 2, 0) : split - 1
            guard let left = ByteAlphabet.byte(of: joined.scalar(at: start).value),
                let right = ByteAlphabet.byte(of: joined.scalar(at: split).value)
            else { return }
            (first, second) = (left, right)
        }
        joints[Int(first) << 2 | Int(second) >> 6] |= 1 << UInt64(second & 63)
    }

    /// Whether some merge may join `first` and `second` where they stand side by side.
    @inline(__always)
    func joins(_ first: UInt8, _ second: UInt8) -> Bool {
        joints[Int(first) << 2 | Int(second) >> 6] >> UInt64(second & 63) & 1 == 1
    }

    private static func bad(_ merges: ByteStrings, _ rank: Int, missing: String) -> TokenizerError {
        .badMerge(index: rank, text: String(decoding: merges[rank], as: UTF8.self), missing: missing)
    }

    subscript(left: TokenID, right: TokenID) -> Merge {
        @inline(__always) get {
            let key = Self.key(left, right)
            var slot = self.slot(key)
            while true {
                let entry = entries[slot]
                if entry.key == key { return entry.merge }
                if entry.key == .max { return .none }
                slot = (slot + 1) & (entries.count - 1)
            }
        }
    }

    /// The first of two equal pairs wins.
    private mutating func insert(_ left: TokenID, _ right: TokenID, _ merge: Merge) {
        let key = Self.key(left, right)
        var slot = self.slot(key)
        while entries[slot].key != .max {
            if entries[slot].key == key { return }
            slot = (slot + 1) & (entries.count - 1)
        }
        entries[slot] = Entry(key: key, merge: merge)
    }

    @inline(__always)
    private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        let (high, low) = (key ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return Int(truncatingIfNeeded: high ^ low) & (entries.count - 1)
    }
}
