// The Cool-Fusion loop (Liu et al., arXiv 2407.19807; cool-fusion.md section 3): every model proposes the
// next words, every model scores every proposal, the best is committed to all.
//
// One call of `next` commits one segment; the caller may stop between two calls. Work per segment does
// not grow with the text: caches are kept and only a few words are encoded again. The shortcuts of
// section 7 change how much is computed, never what is written.

import Inference

public final class CoolFusion {
    public let options: FusionOptions
    public private(set) var events: [FusionEvent] = []
    public private(set) var segments: [Segment] = []
    /// Set once the answer is complete.
    public private(set) var stop: StopReason?

    let members: [Member]
    let reranker: Reranker
    private(set) var active: [Member]
    private(set) var answer = Answer()
    private(set) var lookup = TextLookup()
    private var stopStrings: StopStrings
    private var shown: [UInt8] = []
    /// Text that was kept back for a stop string and that no segment showed.
    private var heldBack = ""
    private var hasStarted = false
    private let clock = Stopwatch()
    /// The model whose tokens the limit counts: the first, also where it has left the pool or is not in it.
    private let counter: any SourceModel
    private var firstModelTokens = 0

    /// Prepares a fusion of `sources`, whose order breaks ties; nothing is evaluated yet.
    public convenience init(_ sources: [any SourceModel], options: FusionOptions = .init()) throws(FusionError) {
        guard let first = sources.first else { throw .noModels }
        try self.init(sources, options: options, counting: first)
    }

    /// A fusion whose limit counts the tokens of `counter`.
    init(_ sources: [any SourceModel], options: FusionOptions, counting counter: any SourceModel) throws(FusionError) {
        self.counter = counter
        let weights = options.weights ?? sources.map { _ in 1 }
        guard weights.count == sources.count, weights.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .weights(expected: sources.count, found: weights)
        }
        guard sources.indices.contains(options.primary) else {
            throw .primary(options.primary, count: sources.count)
        }
        self.options = options
        reranker = Reranker(rule: try RankRule(named: options.rank))
        let names = Self.distinctNames(sources.map(\.name))
        members = sources.indices.map {
            Member(source: sources[$0], name: names[$0], index: $0, weight: weights[$0])
        }
        active = members
        stopStrings = StopStrings(options.stopStrings)
    }

    /// The answer so far, without what a stop string cut off.
    public var text: String { String(decoding: stop == nil ? answer.bytes : shown, as: UTF8.self) }

    public var result: FusionResult {
        FusionResult(
            text: text, stop: stop ?? .cancelled, segments: segments, events: events,
            heldBack: heldBack, usage: members.map { ($0.name, $0.usage) },
            weights: members.map { ($0.name, $0.weight) }, answers: [], seconds: clock.seconds,
            cpuSeconds: clock.cpuSeconds)
    }

    /// Runs to the end, or until the caller returns false for a segment.
    public func run(_ onSegment: (Segment) -> Bool = { _ in true }) throws(FusionError) -> FusionResult {
        while let segment = try next() {
            if onSegment(segment) { continue }
            if stop == nil { stop = .cancelled; shown = answer.bytes }
            break
        }
        return result
    }

    /// Commits the next segment; nil once the answer is complete.
    public func next() throws(FusionError) -> Segment? {
        if stop != nil { return nil }
        let started = Stopwatch()
        let eventsBefore = events.count
        try start()
        if let limit = options.limit, firstModelTokens >= limit { return end(.length) }
        guard let outcome = decide() else {
            recordLosses()
            if answer.bytes.isEmpty { throw .allFailed(events) }
            return end(.exhausted)
        }
        let winner = outcome.candidates[outcome.winner]
        let offset = answer.bytes.count
        let shownNow = commit(winner, how: outcome.how)
        recordLosses()
        let segment = Segment(
            text: String(decoding: answer.bytes[offset...], as: UTF8.self), offset: offset,
            proposers: names(winner.proposals.keys), how: outcome.how,
            candidates: zip(outcome.candidates, outcome.scores).map { report($0, score: $1) },
            margin: outcome.margin, events: Array(events[eventsBefore...]), seconds: started.seconds,
            shown: String(decoding: shownNow, as: UTF8.self))
        segments.append(segment)
        return segment
    }

    /// What a step decided.
    struct Outcome {
        var candidates: [Candidate]
        var winner = 0
        var scores: [Double?]
        var margin: Double?
        var how: Decision
    }

    /// Proposing, scoring and ranking; nil where nobody can propose.
    private func decide() -> Outcome? {
        if options.strategy == .primary {
            if let led = lead() { return led }
        } else {
            if options.shortcuts.lookup { verifyLookup() }
            if options.shortcuts.draft { draftAndVerify() }
        }
        var candidates = propose()
        if candidates.isEmpty { return nil }
        defer { recordAgreement(candidates) }
        let isAgreed = candidates.count == 1
        if !isAgreed || !options.shortcuts.agreement { evaluate(&candidates) }
        if isAgreed {
            let wasVerified = candidates[0].proposals.values.contains(where: \.wasDrafted)
            let scores = options.shortcuts.agreement ? [nil] : rank(candidates).scores
            return Outcome(candidates: candidates, scores: scores, how: wasVerified ? .verified : .agreed)
        }
        let ranked = rank(candidates)
        var outcome = Outcome(
            candidates: candidates, winner: ranked.winner, scores: ranked.scores, margin: ranked.margin, how: .ranked)
        if options.strategy == .primary { protectPrimary(&outcome) }
        return outcome
    }

    // MARK: steps

    private func start() throws(FusionError) {
        if hasStarted { return }
        hasStarted = true
        for member in active {
            do { try member.start(options.sampling?.seeded(model: member.index)) } catch { leave(member, error) }
        }
        if options.shortcuts.lookup, let first = active.first { lookup.append(first.source.promptText) }
        if active.isEmpty { throw .allFailed(events) }
    }

    private func propose() -> [Candidate] {
        let proposing = proposing
        var proposals: [(member: Int, proposal: Proposal)] = []
        for member in active {
            do { proposals.append((member.index, try member.propose(proposing))) } catch { leave(member, error) }
        }
        let admissible = proposals.filter(\.proposal.isAdmissible)
        return Candidate.merge(admissible.isEmpty ? proposals : admissible)
    }

    var proposing: Proposing {
        Proposing(
            answer: answer, boundary: SegmentBoundary(kind: options.segment, paperExact: options.paperExact),
            maxTokens: options.segmentTokens, tailWords: options.tailWords, voters: active)
    }

    /// Makes the winner part of every model's text; gives back the bytes that may now be shown.
    private func commit(_ winner: Candidate, how: Decision) -> [UInt8] {
        let offset = answer.bytes.count
        var text = winner.text
        if winner.eos { stop = .eos }
        if let cut = cutAtLimit(winner) {
            text = Array(text[..<cut])
            stop = .length
        }
        if stop == nil, let limit = options.limit, firstModelTokens >= limit { stop = .length }
        var now = stopStrings.append(text)
        if stopStrings.isStopped { stop = .stopString }
        if stop != nil { now += stopStrings.finish() }
        shown += now
        // Behind a primary that is sure, the others catch up only when they are asked.
        for member in active where how != .led || winner.proposals[member.index] != nil {
            commit(winner, to: member, at: offset)
        }
        answer.starts.append(offset)
        answer.bytes += text
        if options.shortcuts.lookup { lookup.append(text) }
        if stopStrings.isStopped { answer.bytes.removeLast(max(0, answer.bytes.count - max(shown.count, offset))) }
        return now
    }

    private func commit(_ winner: Candidate, to member: Member, at offset: Int) {
        if let proposal = winner.proposals[member.index] {
            do {
                return try member.keep(proposal, at: offset, lookahead: options.shortcuts.lookahead)
            } catch {
                return leave(member, error)
            }
        }
        let known = winner.spellings[member.index]
        let scored = options.shortcuts.commitFromScoring ? known?.scored : nil
        // Nothing follows a finished text: only what costs nothing is still committed.
        if stop != nil && scored == nil { return }
        let spelling = known?.spelling ?? member.spelling(of: winner.text, after: answer, words: options.tailWords)
        do { try member.take(winner.text, spelled: spelling, scored: scored) } catch { leave(member, error) }
    }

    /// Where the winner's text must be cut so that the first model has written no more tokens than allowed;
    /// counts them on the way.
    private func cutAtLimit(_ winner: Candidate) -> Int? {
        let first = members[0]
        let ends: [Int]
        if first.source !== counter || active.first !== first {
            ends = ownEnds(winner.text)
        } else if let proposal = winner.proposals[0] {
            ends = proposal.ends
        } else {
            let spelling =
                winner.spellings[0]?.spelling
                ?? first.spelling(of: winner.text, after: answer, words: options.tailWords)
            firstModelTokens -= spelling.dropping
            ends = spelling.ends.map { max(0, $0 - answer.bytes.count) }
        }
        firstModelTokens += ends.count
        guard let limit = options.limit, firstModelTokens > limit else { return nil }
        let allowed = ends.count - (firstModelTokens - limit)
        firstModelTokens = limit
        return allowed > 0 ? min(ends[allowed - 1], winner.text.count) : 0
    }

    /// Offsets in the text after each token of the model whose tokens count.
    private func ownEnds(_ text: [UInt8]) -> [Int] {
        var end = 0
        return counter.encode(text, startsAnswer: answer.bytes.isEmpty).map { token in
            end = min(end + counter.bytes(of: token).count, text.count)
            return end
        }
    }

    private func end(_ reason: StopReason) -> Segment? {
        stop = reason
        let rest = stopStrings.finish()
        shown += rest
        heldBack = String(decoding: rest, as: UTF8.self)
        return nil
    }

    func record(_ event: FusionEvent) { events.append(event) }

    private func recordLosses() {
        for member in members {
            if let device = member.takeLoss() { record(.moved(model: member.name, lost: device)) }
        }
    }

    func leave(_ member: Member, _ reason: SourceFailure) {
        active.removeAll { $0 === member }
        record(.left(model: member.name, reason: reason))
    }

    /// Two models of one name are told apart by a number.
    static func distinctNames(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.map { name in
            var distinct = name
            var number = 2
            while !seen.insert(distinct).inserted {
                distinct = "\(name)#\(number)"
                number += 1
            }
            return distinct
        }
    }
}
