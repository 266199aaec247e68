// What a forward pass is asked and what it answers.

import Compute

/// Consecutive tokens of one timeline, or of one branch of it.
public struct Run {
    public var cache: KVCache
    /// nil: the trunk.
    public var branch: Branch?
    public var tokens: [Int32]
    public var want: Want

    public init(cache: KVCache, branch: Branch? = nil, tokens: [Int32], want: Want = .lastLogits) {
        self.cache = cache
        self.branch = branch
        self.tokens = tokens
        self.want = want
    }
}

/// What is computed after the last layer; rows nobody wants cost no head.
public enum Want: Sendable {
    case nothing
    /// Logits after the last token.
    case lastLogits
    /// Logits after every token.
    case allLogits
    /// For every token the log-probability of a target after it (nil: none), and logits after the last token.
    case scores(targets: [Int32?])
}

public struct RunOutput: Sendable {
    /// The wanted rows of logits.
    public var rows: [any LogitRow] = []
    /// For `.scores`: one natural log-probability per token, 0 where no target was given.
    public var logprobs: [Float] = []
    /// False if a logit or log-probability is NaN or infinite.
    public var isFinite = true

    /// The wanted rows, read, row-major `[rows, vocabulary]`.
    public var logits: [Float] {
        get throws(TransformerError) {
            var all: [Float] = []
            for row in rows { all += try carrying { () throws(ComputeError) in try row.values() } }
            return all
        }
    }
}
