// Candidates of one step: equal proposals merged, and what every model says about each.

struct Candidate {
    var text: [UInt8]
    var eos: Bool
    /// By member index.
    var proposals: [Int: Proposal] = [:]
    var evaluations: [Int: Evaluation] = [:]
    /// Scorers' tokens for the text, and the place of each in its model's scoring pass.
    var spellings: [Int: (spelling: Spelling, scored: Int)] = [:]

    /// Equal texts with equal endings become one candidate; order of first appearance.
    static func merge(_ proposals: [(member: Int, proposal: Proposal)]) -> [Candidate] {
        var candidates: [Candidate] = []
        for (member, proposal) in proposals {
            let known = candidates.firstIndex { $0.text == proposal.text && $0.eos == proposal.eos }
            let place = known ?? candidates.count
            if known == nil { candidates.append(Candidate(text: proposal.text, eos: proposal.eos)) }
            candidates[place].proposals[member] = proposal
            candidates[place].evaluations[member] = proposal.evaluation
        }
        return candidates
    }
}

extension CoolFusion {
    /// Lets every model score, in one pass, the candidates it did not propose.
    func evaluate(_ candidates: inout [Candidate]) {
        for member in active {
            let stop = member.source.mainStop
            var asked: [Int] = []
            var continuations: [Continuation] = []
            for place in candidates.indices where candidates[place].proposals[member.index] == nil {
                let candidate = candidates[place]
                let spelling = member.spelling(of: candidate.text, after: answer, words: options.tailWords)
                if !spelling.isExact || (candidate.eos && stop == nil) {
                    note(member, candidate, spelling.isExact ? .noStopToken : .unspellable)
                    continue
                }
                candidates[place].spellings[member.index] = (spelling, asked.count)
                asked.append(place)
                continuations.append(
                    Continuation(
                        dropping: spelling.dropping, tokens: spelling.tokens, stop: candidate.eos ? stop : nil))
            }
            if asked.isEmpty { continue }
            do {
                let scores = try member.score(continuations)
                for (place, logprobs) in zip(asked, scores) {
                    let bytes = candidates[place].text.count + (candidates[place].eos ? 1 : 0)
                    let evaluation = Evaluation(
                        nll: -logprobs.reduce(0, +), tokens: logprobs.count, bytes: bytes)
                    if evaluation.isUsable {
                        candidates[place].evaluations[member.index] = evaluation
                    } else {
                        note(member, candidates[place], .notFinite)
                    }
                }
            } catch {
                leave(member, error)
            }
        }
    }

    /// The winner among the candidates by the ranking rule.
    func rank(_ candidates: [Candidate]) -> Reranker.Ranking {
        reranker.rank(
            candidates.map { candidate in
                let votes = candidate.evaluations.sorted { $0.key < $1.key }.map { index, evaluation in
                    let member = members[index]
                    return (
                        voter: index, evaluation: evaluation,
                        weight: member.weight * (reranker.rule.bound == nil ? 1 : member.agreement * member.agreement)
                    )
                }
                return Reranker.Entry(votes: votes, proposers: candidate.proposals.count)
            })
    }

    /// Takes down who proposed what others proposed too; a single model is not told apart.
    func recordAgreement(_ candidates: [Candidate]) {
        for candidate in candidates {
            for index in candidate.proposals.keys {
                members[index].recordProposal(isShared: candidate.proposals.count > 1)
            }
        }
    }

    func report(_ candidate: Candidate, score: Double?) -> CandidateReport {
        CandidateReport(
            text: String(decoding: candidate.text, as: UTF8.self), eos: candidate.eos,
            proposers: names(candidate.proposals.keys), score: score,
            models: Dictionary(uniqueKeysWithValues: candidate.evaluations.map { (members[$0].name, $1) }))
    }

    func names(_ indices: some Sequence<Int>) -> [String] { indices.sorted().map { members[$0].name } }

    private func note(_ member: Member, _ candidate: Candidate, _ reason: FusionEvent.Reason) {
        let text = String(decoding: candidate.text, as: UTF8.self)
        record(.unscored(model: member.name, text: text, reason: reason))
    }
}
