// Draft and verify (cool-fusion.md section 7, point 4): the cheapest model runs ahead, the others check in
// one pass each that they would have written the same.
//
// It only fills the members' greedy runs; proposing then replays them. A run holds nothing but a model's
// own argmax path, whoever guessed it first, so the text cannot change, only the number of passes.

/// How far the drafter runs ahead; follows the acceptance.
struct Drafting {
    /// In tokens; a draft has at least one whole word, which the drafter must write anyway.
    private(set) var length = 4

    /// Doubles where everything was confirmed, halves where not; 32 tokens are a sentence.
    mutating func adapt(allConfirmed: Bool) { length = allConfirmed ? min(length * 2, 32) : max(length / 2, 1) }
}

extension CoolFusion {
    /// Lets the cheapest member draft and every member that knows nothing beyond its lookahead verify.
    func draftAndVerify() {
        guard let drafter = active.min(by: { $0.source.cost < $1.source.cost }) else { return }
        if answer.bytes.isEmpty && active.contains(where: \.source.stripsLeadingSpace) { return }
        let waiting = active.filter { $0 !== drafter && $0.run.count <= 1 }
        guard !waiting.isEmpty, let draft = draft(by: drafter) else { return }
        var allConfirmed = true
        for member in waiting {
            let spelling = member.spelling(of: draft, after: answer, words: options.tailWords)
            guard spelling.isExact, spelling.dropping == 0, spelling.tokens.count > member.run.count,
                zip(spelling.tokens, member.run).allSatisfy({ $0 == $1.token })
            else { continue }
            do {
                allConfirmed = try member.verify(spelling.tokens) && allConfirmed
            } catch .contextFull {
                continue  // Too long for its context: it goes on token by token.
            } catch {
                leave(member, error)
            }
        }
        drafting.adapt(allConfirmed: allConfirmed)
    }

    /// The drafter's next whole words, nil where it has none to offer.
    private func draft(by drafter: Member) -> [UInt8]? {
        let tail = Array(answer.bytes[answer.tailStart(words: options.tailWords)...])
        let proposing = proposing
        var count = max(drafting.length, drafter.run.count)
        while true {
            let isComplete: Bool
            do {
                isComplete = try !grow(drafter, to: count)
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
            if let end = proposing.boundary.lastEnd(proposed, pieceStarts: starts) {
                return Array(proposed.text[..<end])
            }
            if isComplete || count >= proposing.maxTokens { return nil }
            count += 1
        }
    }

    /// Lets a member write until its run has `count` tokens; false where it ends the text.
    private func grow(_ member: Member, to count: Int) throws(SourceFailure) -> Bool {
        while !member.source.stopTokens.contains(member.run.last?.token ?? -1) {
            if member.run.count >= count { return true }
            _ = try member.greedy(member.run.count)
        }
        return false
    }
}
