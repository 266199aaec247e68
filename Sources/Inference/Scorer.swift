// Log-probabilities of several continuations of one prefix, in one batch: what `score` and reranking ask.

import Transformer

/// The likelihood of one text.
public struct Score: Sendable {
    public var tokens: [Int32]
    /// Of each token, in nats.
    public var logprobs: [Double]

    public var nll: Double { -logprobs.reduce(0, +) }
}

public struct Scorer {
    public let session: Session
    private let start: Session.Checkpoint

    /// Scores what follows the session's tokens; the session is used and comes back to where it was.
    public init(_ session: Session) {
        self.session = session
        start = session.checkpoint()
    }

    /// Scores each continuation; short ones share a pass. Throws contextFull.
    public func score(_ continuations: [[Int32]]) throws(InferenceError) -> [Score] {
        var scores: [Score] = []
        var rest = continuations[...]
        while let first = rest.first {
            guard first.count <= Session.prefillRows else {
                scores.append(try scoreLong(first))
                rest.removeFirst()
                continue
            }
            var rows = 0
            let batch = rest.prefix { tokens in
                rows += tokens.count
                return rows <= Session.prefillRows
            }
            rest.removeFirst(batch.count)
            let scored = try session.score(batch.map { (tokens: $0, stop: nil) })
            session.closeDrafts()
            scores += scored.map { Score(tokens: $0.tokens, logprobs: $0.logprobs) }
        }
        return scores
    }

    /// A text too long for one batch goes along the timeline, chunk by chunk.
    private func scoreLong(_ tokens: [Int32]) throws(InferenceError) -> Score {
        guard tokens.count <= session.room else {
            throw .contextFull(context: session.context, requested: tokens.count)
        }
        var logprobs: [Double] = []
        for from in stride(from: 0, to: tokens.count, by: Session.prefillRows) {
            let part = Array(tokens[from..<min(from + Session.prefillRows, tokens.count)])
            let scored = try session.score([(tokens: part, stop: nil)])[0]
            logprobs += scored.logprobs
            try session.commit(scored)
        }
        try session.rollback(to: start)
        return Score(tokens: tokens, logprobs: logprobs)
    }
}
