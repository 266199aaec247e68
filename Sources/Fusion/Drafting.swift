// Draft and verify (cool-fusion.md section 7, point 4): the cheapest model runs ahead, the others check in
// one pass each that they would have written the same.
//
// It only fills the members' greedy runs; proposing then replays them. A run holds nothing but a model's
// own argmax path, whoever guessed it first, so the text cannot change, only the number of passes.

/// How far the drafter runs ahead; follows the acceptance.
struct Drafting {
    private(set) var length = 8

    /// Doubles where everything was confirmed, halves where not: 4 tokens cost little, 32 are a sentence.
    mutating func adapt(allConfirmed: Bool) { length = allConfirmed ? min(length * 2, 32) : max(length / 2, 4) }
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
        do {
            while drafter.run.count < drafting.length,
                !drafter.source.stopTokens.contains(drafter.run.last?.token ?? -1)
            {
                _ = try drafter.greedy(drafter.run.count)
            }
        } catch .contextFull {
            // What it knows already may still be a draft.
        } catch {
            leave(drafter, error)
            return nil
        }
        let tail = Array(answer.bytes[answer.tailStart(words: options.tailWords)...])
        var proposed = Proposed(tail: tail)
        for known in drafter.run where !drafter.source.stopTokens.contains(known.token) {
            proposed.text += drafter.source.bytes(of: known.token)
            proposed.tokenEnds.append(proposed.text.count)
        }
        let starts = active.map { $0.source.pieceStarts(tail + proposed.text) }
        guard let end = proposing.boundary.lastEnd(proposed, pieceStarts: starts) else { return nil }
        return Array(proposed.text[..<end])
    }
}
