// One mutable timeline of one model: the tokens so far, their cache, and the distribution after them.
//
// Beside the timeline stand branches that may still be thrown away: drafts, which grow, and scored
// continuations. Either can be committed with the work already done for it. Not thread-safe.
//
// A device that is lost takes the cache with it, not the tokens: the timeline is evaluated again on the CPU and goes on.

import Compute
import Transformer

public final class Session {
    /// Another copy, on the CPU, once its device was lost.
    public private(set) var model: Model
    /// The device that was lost under this session.
    public private(set) var lostDevice: String?
    private var lossIsTold = false
    /// Tokens evaluated.
    public private(set) var tokens: [Int32] = []
    /// What may follow the last token; nil before the first.
    public private(set) var logits: (any LogitRow)?
    public internal(set) var work = Work()
    private(set) var cache: KVCache
    /// Points of the cache to go back to, ascending.
    private var marks: [(length: Int, checkpoint: Transformer.Checkpoint)] = []

    /// Rows of one prefill pass: enough for matrix multiplication, little enough memory.
    public static let prefillRows = 512
    /// Up to so many rows a pass gives each row the same bits as a pass of that row alone (OpenBLAS stays out of
    /// it), so drafts, scores and tokens one by one agree exactly.
    public static let exactRows = 32

    public init(model: Model, context: Int? = nil) throws(InferenceError) {
        self.model = model
        lostDevice = model.lostDevice
        do throws(InferenceError) {
            cache = try Self.makeCache(model, context: context ?? model.context)
        } catch {
            guard let device = error.lostDevice else { throw error }
            lostDevice = device
            self.model = try model.onCPU()
            cache = try Self.makeCache(self.model, context: context ?? model.context)
        }
        mark()
    }

    private static func makeCache(_ model: Model, context: Int) throws(InferenceError) -> KVCache {
        try carrying { () throws(TransformerError) in
            try model.decoder.makeCache(context: context, type: model.cacheType)
        }
    }

    private init(copying session: Session) throws(InferenceError) {
        model = session.model
        tokens = session.tokens
        logits = session.logits
        cache = try carrying { () throws(TransformerError) in try session.cache.fork() }
        mark()
    }

    public var context: Int { cache.context }
    public var room: Int { cache.context - tokens.count }

    // MARK: the timeline

    /// Evaluates tokens, `rows` (nil: the model's batch size) at a time. Open drafts and scores become invalid.
    /// Throws contextFull before anything is evaluated, notFinite after.
    public func append(_ new: [Int32], rows: Int? = nil) throws(InferenceError) {
        let before = tokens
        do throws(InferenceError) {
            try evaluate(new, rows: rows ?? model.batchSize)
        } catch {
            guard let device = error.lostDevice else { throw error }
            try moveToCPU(keeping: before, lost: device)
            try evaluate(new, rows: rows ?? model.batchSize)
        }
    }

    private func evaluate(_ new: [Int32], rows: Int) throws(InferenceError) {
        guard new.count <= room else { throw .contextFull(context: context, requested: new.count) }
        cache.closeBranches()
        for start in stride(from: 0, to: new.count, by: rows) {
            let part = Array(new[start..<min(start + rows, new.count)])
            let isLast = start + part.count == new.count
            let output = try forward([Run(cache: cache, tokens: part, want: isLast ? .lastLogits : .nothing)])[0]
            tokens += part
            mark()
            if isLast { try accept(output) }
        }
    }

    /// A point to come back to.
    public struct Checkpoint: Sendable {
        let count: Int
        let logits: (any LogitRow)?
        let cache: Transformer.Checkpoint
    }

    public func checkpoint() -> Checkpoint {
        Checkpoint(count: tokens.count, logits: logits, cache: cache.checkpoint())
    }

    /// Forgets what came after the checkpoint. Throws if it belongs to another session.
    public func rollback(to checkpoint: Checkpoint) throws(InferenceError) {
        // Its cache may have been lost since.
        if lostDevice != nil, !cache.made(checkpoint.cache) { return try rewind(to: checkpoint.count) }
        try carrying { () throws(TransformerError) in try cache.rollback(to: checkpoint.cache) }
        tokens.removeLast(tokens.count - checkpoint.count)
        logits = checkpoint.logits
        marks.removeAll { $0.length > checkpoint.count }
    }

    /// Keeps the first `count` tokens; evaluates again the few between there and the last point to go back to.
    public func rewind(to count: Int) throws(InferenceError) {
        precondition(count >= 0 && count <= tokens.count, "a session can only be rewound to tokens it has")
        if count == tokens.count { return }
        let again = Array(tokens[..<count])
        guard let mark = marks.last(where: { $0.length < max(count, 1) }) else { return }
        try carrying { () throws(TransformerError) in try cache.rollback(to: mark.checkpoint) }
        tokens.removeLast(tokens.count - mark.length)
        logits = nil
        marks.removeAll { $0.length > mark.length }
        try append(Array(again[mark.length...]), rows: Self.exactRows)
    }

    /// Makes `all`, which is not empty, the timeline: what it shares with the old one is kept, the rest is evaluated.
    /// Throws contextFull before anything is changed.
    public func restart(with all: [Int32]) throws(InferenceError) {
        guard all.count <= context else { throw .contextFull(context: context, requested: all.count) }
        cache.closeBranches()
        let shared = zip(tokens, all.dropLast()).prefix { $0 == $1 }.count
        if shared < tokens.count, let mark = marks.last(where: { $0.length <= shared }) {
            try carrying { () throws(TransformerError) in try cache.rollback(to: mark.checkpoint) }
            tokens.removeLast(tokens.count - mark.length)
            logits = nil
            marks.removeAll { $0.length > mark.length }
        }
        try append(Array(all[tokens.count...]))
    }

    /// An independent copy of the timeline.
    public func fork() throws(InferenceError) -> Session { try Session(copying: self) }

    // MARK: a lost device

    /// The device that was lost under this session or its model, told once: what a report has to say since the last call.
    public func takeLoss() -> String? {
        guard let lostDevice, !lossIsTold else { return nil }
        lossIsTold = true
        return lostDevice
    }

    /// Goes on on the CPU with `tokens` as the timeline; drafts and scores become invalid, checkpoints stay good.
    /// `device`: the one that was lost.
    public func moveToCPU(keeping tokens: [Int32], lost device: String) throws(InferenceError) {
        lostDevice = device
        model = try model.onCPU()
        cache = try Self.makeCache(model, context: context)
        (self.tokens, logits, marks) = ([], nil, [])
        mark()
        try evaluate(tokens, rows: model.batchSize)
    }

    // MARK: drafts

    /// Tokens that may become part of the timeline, with what may follow each.
    public struct Draft {
        public fileprivate(set) var tokens: [Int32] = []
        /// One row per token; nil where it was forgotten.
        public fileprivate(set) var logits: [(any LogitRow)?] = []
        let branch: Branch

        /// Lets go of all rows before token `index`: nothing will be committed, scored or chosen there.
        public mutating func forgetLogits(before index: Int) {
            for i in logits.indices.prefix(max(index, 0)) { logits[i] = nil }
        }
    }

    /// An empty draft at the end of the timeline.
    public func draft() -> Draft { Draft(branch: cache.openBranch()) }

    /// A draft that begins with the first `count` tokens of another, nothing computed again.
    public func draft(from draft: Draft, count: Int) throws(InferenceError) -> Draft {
        precondition(count >= 0 && count <= draft.tokens.count, "a draft cannot begin behind another's end")
        let branch = try carrying { () throws(TransformerError) in
            try cache.openBranch(from: draft.branch, count: count)
        }
        return Draft(
            tokens: Array(draft.tokens[..<count]), logits: Array(draft.logits[..<count]), branch: branch)
    }

    /// Evaluates tokens at the end of a draft, `exactRows` in a pass. Throws contextFull before anything is evaluated.
    public func extend(_ draft: inout Draft, by new: [Int32]) throws(InferenceError) {
        guard draft.tokens.count + new.count <= room else {
            throw .contextFull(context: context, requested: draft.tokens.count + new.count)
        }
        for start in stride(from: 0, to: new.count, by: Self.exactRows) {
            let part = Array(new[start..<min(start + Self.exactRows, new.count)])
            let output = try forward([Run(cache: cache, branch: draft.branch, tokens: part, want: .allLogits)])[0]
            draft.tokens += part
            draft.logits += output.rows
            guard output.isFinite else { throw .notFinite(model: model.name) }
        }
    }

    /// The draft's first `count` tokens become part of the timeline; all drafts and scores become invalid.
    public func commit(_ draft: Draft, count: Int) throws(InferenceError) {
        precondition(count >= 0 && count <= draft.tokens.count, "a draft cannot commit more than it has")
        try carrying { () throws(TransformerError) in try cache.commit(draft.branch, count: count) }
        tokens += draft.tokens[..<count]
        if count > 0 { logits = draft.logits[count - 1] }
        mark()
    }

    /// Forgets all drafts and scores.
    public func closeDrafts() { cache.closeBranches() }

    // MARK: passes

    func forward(_ runs: [Run]) throws(InferenceError) -> [RunOutput] {
        work.passes += 1
        work.rows += runs.reduce(0) { $0 + $1.tokens.count }
        if let interleaver = Interleaver.current {
            let pass = try carrying { () throws(TransformerError) in try interleaver.forward(model.decoder, runs) }
            work.seconds += pass.seconds
            work.cpuSeconds += pass.cpuSeconds
            return pass.outputs
        }
        let watch = Stopwatch()
        let outputs = try carrying { () throws(TransformerError) in try model.decoder.forward(runs) }
        work.seconds += watch.seconds
        work.cpuSeconds += watch.cpuSeconds
        return outputs
    }

    /// Makes a committed branch part of the timeline.
    func adopt(_ new: [Int32], logits: (any LogitRow)?) throws(InferenceError) {
        tokens += new
        self.logits = logits
        mark()
        guard logits?.isFinite ?? true else { throw .notFinite(model: model.name) }
    }

    private func accept(_ output: RunOutput) throws(InferenceError) {
        logits = output.rows.last
        guard output.isFinite else { throw .notFinite(model: model.name) }
    }

    private func mark() { marks.append((tokens.count, cache.checkpoint())) }
}
