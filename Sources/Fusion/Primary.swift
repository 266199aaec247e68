// Strategy `primary` (cool-fusion.md section 6): one model leads. Where it is sure, the others are not even
// asked; where it is not, they propose and score as in `cool`, but must be clearly ahead to overrule it.
// This is what protects a strong model from weak company.

extension CoolFusion {
    /// The primary's own segment where it is sure; nil where the others are to be asked, who then know the text.
    func lead() -> Outcome? {
        guard let primary = active.first(where: { $0.index == options.primary }) else {
            catchUp()
            return nil
        }
        do {
            let proposal = try primary.propose(proposing)
            if proposal.evaluation.perplexity <= options.surePerplexity, proposal.isAdmissible {
                return Outcome(candidates: Candidate.merge([(primary.index, proposal)]), scores: [nil], how: .led)
            }
        } catch {
            leave(primary, error)
        }
        catchUp()
        return nil
    }

    /// The primary's candidate stands unless the winner is likelier by `primaryMargin` nats in the models' mean.
    func protectPrimary(_ outcome: inout Outcome) {
        let own = outcome.candidates.firstIndex { $0.proposals[options.primary] != nil }
        guard let own, own != outcome.winner,
            let ours = meanLogProbability(outcome.candidates[own]),
            let theirs = meanLogProbability(outcome.candidates[outcome.winner])
        else { return }
        if theirs - ours < options.primaryMargin { outcome.winner = own }
    }

    private func meanLogProbability(_ candidate: Candidate) -> Double? {
        let votes = candidate.evaluations.filter { $1.isUsable }
        let weight = votes.keys.reduce(0) { $0 + members[$1].weight }
        guard weight > 0 else { return nil }
        return -votes.reduce(0) { $0 + $1.value.nll * members[$1.key].weight } / weight
    }

    private func catchUp() {
        for member in active {
            do { try member.catchUp(answer, words: options.tailWords) } catch { leave(member, error) }
        }
    }
}
