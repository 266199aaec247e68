// The robust rule by hand, and why it is there: a model that knows nothing has no veto and no say.

import Foundation
import Testing

@testable import Fusion

private func ranked(_ rule: String, _ nlls: [[Double]]) throws -> Reranker.Ranking {
    // nlls[candidate][voter]
    Reranker(rule: try RankRule(named: rule)).rank(
        nlls.map { votes in
            Reranker.Entry(
                votes: votes.enumerated().map { ($0, Evaluation(nll: $1, tokens: 2, bytes: 5), 1) }, proposers: 1)
        })
}

@Test func robustVotesAreComputedByHand() throws {
    let doubt = exp(-RankRule.largestLoss)
    let found = try ranked("robust", [[1, 3], [2, 2.5]])
    func vote(_ behind: Double) -> Double { log(doubt + (1 - doubt) * exp(-behind)) }
    #expect(abs((found.scores[0] ?? 0) - (vote(0) + vote(0.5)) / 2) < 1e-12)
    #expect(abs((found.scores[1] ?? 0) - (vote(1) + vote(0)) / 2) < 1e-12)
    #expect(found.winner == 0)
}

@Test func twoModelsDecideAsByLogProbability() throws {
    for seed in UInt64(1)...50 {
        let nlls = (0..<2).map { c in (0..<2).map { v in Double(mix(seed, UInt64(c), UInt64(v)) % 10_000) / 500 } }
        #expect(try ranked("robust", nlls).winner == ranked("logprob", nlls).winner)
    }
}

@Test func aModelThatFindsEverythingElseImpossibleHasNoSay() throws {
    // Voters: two that know, one that does not. Candidates: each one's own.
    let nlls = [[1.0, 2.5, 39], [2, 0.5, 31], [24, 26, 0.1]]
    #expect(try ranked("paper", nlls).winner == 2)
    #expect(try ranked("robust", nlls).order == [0, 1, 2] || ranked("robust", nlls).order == [1, 0, 2])
    let withoutIt = try ranked("robust", nlls.prefix(2).map { Array($0.prefix(2)) })
    #expect(try ranked("robust", nlls).winner == withoutIt.winner)
    // Eight nats of nonsense turn the sum of log-probabilities around.
    #expect(try ranked("logprob", nlls).winner != withoutIt.winner || withoutIt.winner == 1)
}
