// Several continuations of one prefix, scored as branches of one batch; the one that is chosen keeps its rows.

import Compute
import Transformer

extension Session {
    /// A continuation with the log-probability of each token and, where one was asked for, of the stop.
    public struct ScoredContinuation {
        public let tokens: [Int32]
        public fileprivate(set) var logprobs: [Double]
        fileprivate var branch: Branch?
        /// After the last token.
        fileprivate var logits: (any LogitRow)?
        /// Tokens of a draft in front of it that are part of the branch.
        fileprivate let prefix: [Int32]
    }

    /// Scores continuations of the timeline, or of the first `count` tokens of a draft, in batches of up to
    /// `exactRows` rows. Log-probabilities that are not finite are given as NaN.
    /// Throws contextFull before anything is evaluated.
    public func score(
        _ continuations: [(tokens: [Int32], stop: Int32?)], after draft: Draft? = nil, count: Int = 0
    ) throws(InferenceError) -> [ScoredContinuation] {
        do throws(InferenceError) {
            return try evaluate(continuations, after: draft, count: count)
        } catch {
            // A draft was lost with the device: whoever made it must make it again.
            guard draft == nil, let device = error.lostDevice else { throw error }
            try moveToCPU(keeping: tokens, lost: device)
            return try evaluate(continuations, after: nil, count: 0)
        }
    }

    private func evaluate(_ continuations: [(tokens: [Int32], stop: Int32?)], after draft: Draft?, count: Int)
        throws(InferenceError) -> [ScoredContinuation]
    {
        let prefix = Array(draft?.tokens[..<count] ?? [])
        let first = count > 0 ? draft?.logits[count - 1] : logits
        let longest = continuations.map(\.tokens.count).max() ?? 0
        guard prefix.count + longest <= room else { throw .contextFull(context: context, requested: longest) }
        let firstTokens = continuations.map { $0.tokens.first ?? $0.stop }
        var firstScores = try logProbabilities(of: firstTokens.compactMap { $0 }, in: first)[...]
        var scores = zip(continuations, firstTokens).map { continuation, token in
            ScoredContinuation(
                tokens: continuation.tokens, logprobs: token == nil ? [] : [firstScores.removeFirst()], branch: nil,
                logits: first, prefix: prefix)
        }
        var batch: [(place: Int, run: Run)] = []
        var rows = 0
        for (place, (tokens, stop)) in continuations.enumerated() where !tokens.isEmpty {
            let branch = try openBranch(after: draft, count: count)
            scores[place].branch = branch
            let targets = tokens.dropFirst().map(Optional.init) + [stop]
            for start in stride(from: 0, to: tokens.count, by: Self.exactRows) {
                let slice = start..<min(start + Self.exactRows, tokens.count)
                if rows + slice.count > Self.exactRows || batch.last?.place == place {
                    try evaluate(batch, into: &scores)
                    (batch, rows) = ([], 0)
                }
                let run = Run(
                    cache: cache, branch: branch, tokens: Array(tokens[slice]),
                    want: .scores(targets: Array(targets[slice])))
                batch.append((place, run))
                rows += slice.count
            }
        }
        try evaluate(batch, into: &scores)
        return scores
    }

    private func evaluate(_ batch: [(place: Int, run: Run)], into scores: inout [ScoredContinuation])
        throws(InferenceError)
    {
        if batch.isEmpty { return }
        for ((place, run), output) in zip(batch, try forward(batch.map(\.run))) {
            guard case .scores(let targets) = run.want else { continue }
            for (logprob, target) in zip(output.logprobs, targets) where target != nil {
                scores[place].logprobs.append(output.isFinite ? Double(logprob) : .nan)
            }
            scores[place].logits = output.rows.last
        }
    }

    private func openBranch(after draft: Draft?, count: Int) throws(InferenceError) -> Branch {
        guard let draft else { return cache.openBranch() }
        return try carrying { () throws(TransformerError) in
            try cache.openBranch(from: draft.branch, count: count)
        }
    }

    private func logProbabilities(of tokens: [Int32], in row: (any LogitRow)?) throws(InferenceError) -> [Double] {
        guard let row else { return tokens.map { _ in -.infinity } }
        return try carrying { () throws(ComputeError) in try row.logProbabilities(of: tokens) }
    }

    /// A scored continuation becomes part of the timeline, with the draft it was scored behind, without
    /// evaluating anything again. All drafts and scores become invalid.
    public func commit(_ scored: ScoredContinuation, behind draft: Draft? = nil) throws(InferenceError) {
        if let branch = scored.branch {
            try carrying { () throws(TransformerError) in try cache.commit(branch) }
        } else if let draft {
            return try commit(draft, count: scored.prefix.count)
        }
        try adopt(scored.prefix + scored.tokens, logits: scored.logits)
    }
}
