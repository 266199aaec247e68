// Ranking rules: from what several models say about a candidate to one number (cool-fusion.md section 5).
//
// A rule is one entry of `RankRule.all`. Contributions are summed in sorted order, so a score does not
// depend, not even in its last bit, on the order of the models.

import Glibc

/// What one model says about a candidate.
public struct Evaluation: Hashable, Sendable {
    /// Negative log-likelihood in nats over the candidate's tokens, an end of text included.
    public var nll: Double
    public var tokens: Int
    /// UTF-8 length of the text, an end of text counting as one byte.
    public var bytes: Int

    public init(nll: Double, tokens: Int, bytes: Int) {
        self.nll = nll
        self.tokens = tokens
        self.bytes = bytes
    }

    public var perplexity: Double { exp(nll / Double(max(tokens, 1))) }
    public var isUsable: Bool { tokens > 0 && nll.isFinite && perplexity.isFinite }
}

/// One way to rank candidates.
public struct RankRule: Sendable {
    /// A model's evaluation and its weight; the weights of one candidate need not sum to one.
    public typealias Vote = (voter: Int, evaluation: Evaluation, weight: Double)

    public let name: String
    public let higherIsBetter: Bool
    /// Where set, a model's vote is how many nats it finds a candidate worse than its own favourite, and approaches
    /// this bound; and it weighs by the square of how often others have proposed the same before.
    var bound: Double?
    /// The score of a candidate; `votes` is not empty and its weights are positive.
    let score: @Sendable (_ votes: [Vote]) -> Double

    public static let all: [RankRule] = [
        RankRule(name: "paper", higherIsBetter: false) { mean($0) { $0.perplexity } },
        RankRule(name: "logprob", higherIsBetter: true) { mean($0) { -$0.nll } },
        // As logprob, whose winner does not change if every model counts from its own favourite; but what a model can
        // take from a candidate has an end, so one that finds every text of the others impossible has no veto, and one
        // that nobody ever agrees with has soon no weight.
        RankRule(name: "robust", higherIsBetter: true, bound: largestLoss) { mean($0) { -$0.nll } },
        RankRule(name: "pool", higherIsBetter: true, score: pool),
        RankRule(name: "bpb", higherIsBetter: false) { mean($0) { $0.nll / (log(2) * Double(max($0.bytes, 1))) } },
    ]

    public init(named name: String) throws(FusionError) {
        guard let rule = Self.all.first(where: { $0.name == name }) else {
            throw .unknownRule(name, known: Self.all.map(\.name))
        }
        self = rule
    }

    /// Nats; docs/fusion.md has the table it was chosen by.
    static let largestLoss = 4.0

    private init(
        name: String, higherIsBetter: Bool, bound: Double? = nil, score: @escaping @Sendable ([Vote]) -> Double
    ) {
        self.name = name
        self.higherIsBetter = higherIsBetter
        self.bound = bound
        self.score = score
    }

    /// True where score `a` is strictly better than `b`.
    func prefers(_ a: Double, to b: Double) -> Bool { higherIsBetter ? a > b : a < b }

    private static func mean(_ votes: [Vote], _ value: (Evaluation) -> Double) -> Double {
        orderlessSum(votes.map { value($0.evaluation) * $0.weight }) / orderlessSum(votes.map(\.weight))
    }

    /// log of the weighted mean of the probabilities: the linear opinion pool.
    private static func pool(_ votes: [Vote]) -> Double {
        let terms = votes.map { log($0.weight) - $0.evaluation.nll }
        let largest = terms.max() ?? 0
        return largest + log(orderlessSum(terms.map { exp($0 - largest) })) - log(orderlessSum(votes.map(\.weight)))
    }

    private static func orderlessSum(_ values: [Double]) -> Double { values.sorted().reduce(0, +) }
}

/// Picks the best of several candidates.
struct Reranker: Sendable {
    var rule: RankRule

    struct Entry {
        var votes: [RankRule.Vote]
        var proposers: Int
    }

    struct Ranking {
        var winner: Int { order.first ?? 0 }
        /// Best first.
        var order: [Int]
        var scores: [Double?]
        var margin: Double?
    }

    /// The order, every score (nil where no model could score), and the winner's lead over the runner-up.
    /// Ties go to more proposers, then to the earlier candidate; candidates without a score come last.
    func rank(_ entries: [Entry]) -> Ranking {
        let usable = entries.map { $0.votes.filter { $0.evaluation.isUsable && $0.weight > 0 } }
        let scores = bounded(usable).map { $0.isEmpty ? nil : rule.score($0) }
        let order = entries.indices.sorted { a, b in
            if let x = scores[a], let y = scores[b], x != y { return rule.prefers(x, to: y) }
            if (scores[a] == nil) != (scores[b] == nil) { return scores[b] == nil }
            if entries[a].proposers != entries[b].proposers { return entries[a].proposers > entries[b].proposers }
            return a < b
        }
        let best = order.first.flatMap { scores[$0] }
        let second = order.dropFirst().first.flatMap { scores[$0] }
        var margin: Double?
        if let best, let second { margin = abs(best - second) }
        return Ranking(order: order, scores: scores, margin: margin)
    }

    /// The votes of a rule with a bound: nats behind the voter's favourite, as if with probability exp(-bound) the voter knew
    /// nothing about this choice.
    private func bounded(_ votes: [[RankRule.Vote]]) -> [[RankRule.Vote]] {
        guard let bound = rule.bound else { return votes }
        let doubt = exp(-bound)
        var favourites: [Int: Double] = [:]
        for vote in votes.joined() {
            favourites[vote.voter] = min(favourites[vote.voter] ?? .infinity, vote.evaluation.nll)
        }
        return votes.map { votes in
            votes.map { vote in
                var vote = vote
                let behind = vote.evaluation.nll - (favourites[vote.voter] ?? 0)
                vote.evaluation.nll = -log(doubt + (1 - doubt) * exp(-behind))
                return vote
            }
        }
    }
}
