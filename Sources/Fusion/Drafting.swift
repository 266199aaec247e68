// Draft and verify (cool-fusion.md section 7, points 4 and 5): the cheapest model runs ahead, or words that stood in the
// text before are tried again; the others check in one pass each that they would have written the same.
//
// It only fills the members' runs; proposing then replays them. A run holds nothing but a model's own path, whoever
// guessed it first, so the text cannot change, only the number of passes.

/// How much of a draft one model checks at once; follows how much of them it confirmed.
struct Pace {
    /// In the model's tokens; whole words, at least one.
    private(set) var length: Int
    private var misses = 0
    private var pause = 0

    init(length: Int) { self.length = length }

    /// Grows by half where all tokens of a draft were confirmed, else becomes what was; 32 tokens are a sentence.
    mutating func adapt(confirmed: Int, of offered: Int) {
        length = confirmed == offered ? min(length + (length + 1) / 2, 32) : max(confirmed, 1)
        misses = confirmed == offered ? 0 : misses + 1
        pause = misses < 3 ? 0 : 1 << min(misses - 2, 6)
    }

    /// False for a while after several misses in a row, longer each time.
    mutating func isDue() -> Bool {
        if pause == 0 { return true }
        pause -= 1
        return false
    }
}

/// Words that may come next.
struct Draft {
    var text: [UInt8]
    /// Offsets in the text where words end, ascending.
    var ends: [Int]
    var isLookup = false
}

extension CoolFusion {
    /// Lets the cheapest member draft and every member that knows nothing beyond its lookahead verify. Members that
    /// mostly write something else take no part.
    func draftAndVerify() {
        let likely = active.filter { $0.agreement >= 0.5 }
        guard let drafter = likely.min(by: { $0.source.cost < $1.source.cost }) else { return }
        if answer.bytes.isEmpty && active.contains(where: \.source.stripsLeadingSpace) { return }
        let waiting = likely.filter { $0 !== drafter && $0.run.count <= 1 }
        // No further than the most careful one goes, or the drafter's own work is in vain.
        let bytes = waiting.map { Double($0.pace.length) * $0.bytesPerToken }.min()
        guard let bytes, let draft = draft(by: drafter, bytes: Int(bytes)) else { return }
        for member in waiting { verify(draft, by: member, \.pace) }
    }

    /// Lets every member that knows nothing beyond its lookahead verify what followed the last words before.
    func verifyLookup() {
        guard !answer.bytes.isEmpty, let draft = lookup.continuation() else { return }
        for member in active where member.run.count <= 1 && member.lookupPace.isDue() {
            verify(draft, by: member, \.lookupPace)
        }
    }

    /// Lets a member check as many whole words as its pace allows.
    private func verify(_ draft: Draft, by member: Member, _ pace: ReferenceWritableKeyPath<Member, Pace>) {
        let spelling = member.spelling(of: draft.text, after: answer, words: options.tailWords)
        guard spelling.isExact, spelling.dropping == 0 else { return }
        let cuts = spelling.ends.indices.filter { draft.ends.contains(spelling.ends[$0] - answer.bytes.count) }
        guard let cut = cuts.last(where: { $0 < member[keyPath: pace].length }) ?? cuts.first else { return }
        let tokens = Array(spelling.tokens[...cut])
        guard tokens.count > member.run.count, zip(tokens, member.run).allSatisfy({ $0 == $1.token }) else { return }
        do {
            let confirmed = try member.verify(tokens, isLookup: draft.isLookup)
            member[keyPath: pace].adapt(confirmed: confirmed, of: tokens.count)
        } catch .contextFull {
            // Too long for its context: it goes on token by token.
        } catch {
            leave(member, error)
        }
    }

    /// The drafter's next whole words, nil where it has none to offer.
    private func draft(by drafter: Member, bytes: Int) -> Draft? {
        let tail = Array(answer.bytes[answer.tailStart(words: options.tailWords)...])
        let proposing = proposing
        var wanted = bytes
        while true {
            let isComplete: Bool
            do {
                isComplete = try !grow(drafter, over: wanted)
            } catch .contextFull {
                isComplete = true  // What it knows already may still be a draft.
            } catch {
                leave(drafter, error)
                return nil
            }
            var proposed = Proposed(tail: tail)
            for known in drafter.run where !drafter.source.stopTokens.contains(known.token) {
                proposed.text += drafter.source.bytes(of: known.token)
                proposed.tokenEnds.append(proposed.text.count)
            }
            let starts = active.map { $0.source.pieceStarts(tail + proposed.text) }
            let ends = proposing.boundary.wordEnds(proposed, pieceStarts: starts)
            if let last = ends.last { return Draft(text: Array(proposed.text[..<last]), ends: ends) }
            if isComplete || drafter.run.count >= proposing.maxTokens { return nil }
            wanted = proposed.text.count
        }
    }

    /// In tokens of the drafter.
    private static let longestDraft = 32

    /// Lets a member write until its run has more than so many bytes or is long enough; false where it ends the text.
    private func grow(_ member: Member, over bytes: Int) throws(SourceFailure) -> Bool {
        var count = member.run.reduce(0) { $0 + member.source.bytes(of: $1.token).count }
        while !member.source.stopTokens.contains(member.run.last?.token ?? -1) {
            if count > bytes || member.run.count >= Self.longestDraft { return true }
            count += member.source.bytes(of: try member.token(member.run.count).token).count
        }
        return false
    }
}
