// A session of a real model as a source of the fusion.
//
// The run is a draft beside the session's timeline. Tokens kept from it stay in the draft as long as rows
// behind them are still wanted (`kept`), so a verified draft is committed in one piece and its rows are
// never computed twice.

import Compute
import Inference
import Tokenizers

public final class SessionSource: SourceModel {
    public let session: Session
    public let prompt: Prompt
    public let stopTokens: Set<Int32>
    public let mainStop: Int32?
    private let tokenizer: Tokenizer
    private var begun: Session.Checkpoint?
    private var sampler = Sampler.greedy
    private var draft: Session.Draft?
    /// Tokens at the draft's front that belong to the answer already.
    private var kept = 0
    /// The run: what follows the kept tokens.
    private var run: [RunToken] = []
    /// Tokens of the answer that are still to be evaluated.
    private var pending: [Int32] = []
    /// Rows that stand beside the session's timeline, and how many there may be before it is tidied.
    private var cells = 0
    private static let mostCells = 192
    private var scored: [(continuation: Continuation, score: Session.ScoredContinuation?)] = []

    /// A source that answers `prompt`; what the session already holds of it is not evaluated again.
    public init(_ session: Session, prompt: Prompt) {
        self.session = session
        self.prompt = prompt
        tokenizer = session.model.tokenizer
        stopTokens = tokenizer.endOfGeneration
        // After a template the turn's end is the stop; a raw text ends with the end of text.
        mainStop = prompt.isRendered ? tokenizer.eot ?? tokenizer.eos : tokenizer.eos ?? tokenizer.eot
    }

    public var name: String { session.model.name }
    public var cost: Double { Double(session.model.parameterCount) }
    public var unknownToken: Int32? { tokenizer.unknown }
    public var stripsLeadingSpace: Bool { prompt.isRendered }
    public var work: Work { session.work }
    public func takeLoss() -> String? { session.takeLoss() }
    public var promptText: [UInt8] { Array(prompt.text.utf8) }

    public func encode(_ text: [UInt8], startsAnswer: Bool) -> [Int32] {
        let dummyPrefix: Bool? = startsAnswer && prompt.isRendered ? nil : false
        return tokenizer.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: dummyPrefix)
    }

    public func bytes(of token: Int32) -> [UInt8] { tokenizer.bytes(of: token) }

    public func pieceStarts(_ text: [UInt8]) -> [Int] { tokenizer.pieceStarts(text) }

    // MARK: the answer's start

    public func promptBitsPerByte() throws(SourceFailure) -> Double? {
        guard session.tokens.isEmpty, let first = prompt.tokens.first, prompt.tokens.count > 1 else { return nil }
        let rest = Array(prompt.tokens[1...])
        return try engine { () throws(InferenceError) in
            try session.append([first])
            let nll = try Scorer(session).score([rest])[0].nll
            try session.rewind(to: 0)
            return nll / (0.6931471805599453 * Double(max(1, tokenizer.decode(rest).count)))
        }
    }

    public func start(_ sampling: Sampling?) throws(SourceFailure) {
        guard prompt.tokens.count <= session.context else {
            throw .failed("its prompt of \(prompt.tokens.count) tokens does not fit its context of \(session.context)")
        }
        try engine { () throws(InferenceError) in
            sampler = try sampling.map { (sampling) throws(InferenceError) in try Sampler(sampling) } ?? .greedy
            if let begun {
                try session.rollback(to: begun)
            } else {
                try session.restart(with: prompt.tokens)
                begun = session.checkpoint()
            }
        }
        (draft, kept, run, pending, scored, cells) = (nil, 0, [], [], [], 0)
    }

    public func copies(_ count: Int) throws(SourceFailure) -> [any SourceModel] {
        try start(nil)
        return try engine { () throws(InferenceError) in
            var copies: [any SourceModel] = []
            for _ in 0..<count {
                let copy = SessionSource(try session.fork(), prompt: prompt)
                copy.begun = copy.session.checkpoint()
                copies.append(copy)
            }
            return copies
        }
    }

    // MARK: the run

    public func next() throws(SourceFailure) -> RunToken {
        let token = try surviving { () throws(SourceFailure) in
            try settle()
            try evaluateRun()
            return try choose(after: run)
        }
        run.append(token)
        return token
    }

    public func verify(_ tokens: [Int32]) throws(SourceFailure) -> [RunToken] {
        precondition(tokens.starts(with: run.map(\.token)), "a draft extends the run")
        return try surviving { () throws(SourceFailure) in try check(tokens) }
    }

    private func check(_ tokens: [Int32]) throws(SourceFailure) -> [RunToken] {
        try settle()
        let known = evaluated
        let rest = Array(tokens[known...])
        if !rest.isEmpty { try extend(by: rest) }
        var path = Array(run[..<known])
        while path.count <= tokens.count {
            path.append(path.count < run.count ? run[path.count] : try choose(after: path))
            let last = path.count - 1
            if last >= tokens.count || path[last].token != tokens[last] { break }
        }
        run = path
        return path
    }

    public func keep(_ count: Int) throws(SourceFailure) {
        let rows = evaluated
        kept += min(count, rows)
        draft?.forgetLogits(before: kept - 1)
        pending += run[min(count, rows)..<count].map(\.token)
        run.removeFirst(count)
        // Nothing computed behind what is kept, or too much beside it: the draft has served.
        if evaluated == 0 || !pending.isEmpty || cells > Self.mostCells { try commitKept() }
    }

    public func dropRun() {
        run = []
        guard kept == 0 else { return }
        session.closeDrafts()
        draft = nil
    }

    /// Tokens of the run whose rows stand in the draft.
    private var evaluated: Int {
        guard let draft else { return 0 }
        return zip(draft.tokens[kept...], run).prefix { $0 == $1.token }.count
    }

    /// What may follow the answer and `count` tokens of the run.
    private func logitsAfter(_ count: Int) -> (any LogitRow)? {
        guard let draft, kept + count > 0 else { return session.logits }
        return draft.logits[kept + count - 1]
    }

    private func evaluateRun() throws(SourceFailure) {
        let rows = evaluated
        if rows < run.count { try extend(by: run[rows...].map(\.token)) }
    }

    /// Evaluates tokens behind the run's evaluated rows; a draft that went another way is left there.
    private func extend(by tokens: [Int32]) throws(SourceFailure) {
        let rows = kept + evaluated
        try engine { () throws(InferenceError) in
            var growing = draft ?? session.draft()
            if growing.tokens.count > rows { growing = try session.draft(from: growing, count: rows) }
            draft = nil  // Else growing it would copy it.
            defer { draft = growing }
            try session.extend(&growing, by: tokens)
        }
        cells += tokens.count
    }

    private func commitKept() throws(SourceFailure) {
        guard let draft else { return }
        try engine { () throws(InferenceError) in try session.commit(draft, count: kept) }
        (self.draft, kept, cells) = (nil, 0, 0)
    }

    /// Evaluates what the answer has and the session has not.
    private func settle() throws(SourceFailure) {
        if pending.isEmpty { return }
        try commitKept()
        try engine { () throws(InferenceError) in try session.append(pending, rows: Session.exactRows) }
        pending = []
    }

    /// What this model writes after the answer and the run `path`.
    private func choose(after path: [RunToken]) throws(SourceFailure) -> RunToken {
        guard let row = logitsAfter(path.count) else { throw .failed("it has no tokens to continue") }
        let answer = session.tokens.count - prompt.tokens.count + kept
        var recent: [Int32] = []
        if sampler.sampling.looksBack {
            recent = session.tokens + (draft?.tokens[..<kept] ?? []) + path.map(\.token)
        }
        let (token, logprob) = try engine { () throws(InferenceError) in
            try sampler.next(row, recent: recent, at: answer + path.count)
        }
        return RunToken(token: token, logprob: logprob)
    }

    /// Brings the session to the answer's end, so that the next turn's prompt finds all of it there.
    public func finish() throws(SourceFailure) {
        run = []
        try settle()
        try commitKept()
        session.closeDrafts()
    }

    // MARK: scoring

    public func score(_ continuations: [Continuation]) throws(SourceFailure) -> [[Double]] {
        try surviving { () throws(SourceFailure) in try evaluate(continuations) }
    }

    private func evaluate(_ continuations: [Continuation]) throws(SourceFailure) -> [[Double]] {
        try settle()
        var logprobs: [Int: [Double]] = [:]
        for (place, continuation) in continuations.enumerated() where continuation.dropping > 0 {
            logprobs[place] = try scoreTakingBack(continuation)
        }
        let following = continuations.indices.filter { continuations[$0].dropping == 0 }
        let scores = try engine { () throws(InferenceError) in
            try session.score(
                following.map { (tokens: continuations[$0].tokens, stop: continuations[$0].stop) },
                after: draft, count: kept)
        }
        scored = continuations.map { ($0, nil) }
        cells += following.reduce(0) { $0 + continuations[$1].tokens.count }
        for (place, score) in zip(following, scores) {
            scored[place].score = score
            logprobs[place] = score.logprobs
        }
        return continuations.indices.map { logprobs[$0] ?? [] }
    }

    /// Scores a continuation that changes the tokens before it: rare, so the timeline goes back and comes again.
    private func scoreTakingBack(_ continuation: Continuation) throws(SourceFailure) -> [Double] {
        try commitKept()
        return try engine { () throws(InferenceError) in
            let count = session.tokens.count - continuation.dropping
            let taken = Array(session.tokens[count...])
            try rewind(to: count)
            let score = try session.score([(tokens: continuation.tokens, stop: continuation.stop)])[0]
            try session.append(taken, rows: Session.exactRows)
            return score.logprobs
        }
    }

    /// The prompt's end is a point to go back to; it is not evaluated again.
    private func rewind(to count: Int) throws(InferenceError) {
        if let begun, count == prompt.tokens.count {
            try session.rollback(to: begun)
        } else {
            try session.rewind(to: count)
        }
    }

    public func append(scored index: Int) throws(SourceFailure) {
        let (continuation, score) = scored[index]
        guard let score else {
            return try append(continuation.tokens, dropping: continuation.dropping)
        }
        try engine { () throws(InferenceError) in try session.commit(score, behind: draft) }
        (draft, kept, run, scored, cells) = (nil, 0, [], [], 0)
    }

    public func append(_ tokens: [Int32], dropping: Int) throws(SourceFailure) {
        run = []
        try settle()
        try commitKept()
        try engine { () throws(InferenceError) in
            if dropping > 0 { try rewind(to: session.tokens.count - dropping) }
            try session.append(tokens, rows: Session.exactRows)
        }
        scored = []
    }

    /// Runs a step of the source. If the device is lost on the way, the CPU takes over with what the answer had before, and
    /// the step runs again there; what the run knows stays known.
    private func surviving<T>(_ step: () throws(SourceFailure) -> T) throws(SourceFailure) -> T {
        let answer = session.tokens + (draft?.tokens[..<kept] ?? []) + pending
        let known = run
        do throws(SourceFailure) {
            return try step()
        } catch {
            guard case .deviceLost(let device) = error else { throw error }
            try engine { () throws(InferenceError) in try session.moveToCPU(keeping: answer, lost: device) }
            (draft, kept, run, pending, scored, cells) = (nil, 0, known, [], [], 0)
            return try step()
        }
    }

    /// Runs `body` and says in the fusion's words why the engine cannot go on.
    private func engine<T>(_ body: () throws(InferenceError) -> T) throws(SourceFailure) -> T {
        do {
            return try body()
        } catch .contextFull(let context, _) {
            throw .contextFull(context: context)
        } catch .notFinite {
            throw .notFinite
        } catch {
            if let device = error.lostDevice { throw .deviceLost(device) }
            throw .failed(error.description)
        }
    }
}
