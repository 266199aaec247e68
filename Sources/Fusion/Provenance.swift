// What a fusion reports about itself: every segment with all candidates and scores, events, and counters
// per model (cool-fusion.md section 8). Values only; the command line turns them into JSON and colours.

/// How a segment came to be committed.
public enum Decision: String, Sendable {
    /// All models proposed the same text.
    case agreed
    /// Agreed, and some model only had to check another's draft.
    case verified
    /// Chosen by the ranking rule.
    case ranked
    /// Strategy `primary`: the leading model was sure, the others were not asked.
    case led
}

/// One proposed text and what the models say about it.
public struct CandidateReport: Sendable {
    public let text: String
    /// The text ends here if this candidate wins.
    public let eos: Bool
    /// Names of the models that proposed it, in model order.
    public let proposers: [String]
    /// By the ranking rule; nil where nothing had to be ranked or no model could score it.
    public let score: Double?
    /// By model name; a model is absent where it was not asked or was left out.
    public let models: [String: Evaluation]
}

/// A committed segment.
public struct Segment: Sendable {
    /// The committed text, cut where a limit or a stop string cut it.
    public let text: String
    /// UTF-8 offset of the segment in the answer.
    public let offset: Int
    public let proposers: [String]
    public let how: Decision
    public let candidates: [CandidateReport]
    /// Lead of the winner over the next candidate, in the rule's own unit.
    public let margin: Double?
    public let events: [FusionEvent]
    public let seconds: Double
    /// Text that may be shown now: what can still become part of a stop string is held back.
    public let shown: String
}

/// Something that went wrong on the way without stopping the fusion.
public enum FusionEvent: Hashable, Sendable, CustomStringConvertible {
    /// The model left the pool for good.
    case left(model: String, reason: SourceFailure)
    /// Its device was lost; it goes on on the CPU from the last committed segment.
    case moved(model: String, lost: String)
    /// The model's opinion of one candidate was left out.
    case unscored(model: String, text: String, reason: Reason)

    public enum Reason: String, Sendable {
        case unspellable = "its vocabulary cannot spell the text"
        case notFinite = "its score is not finite"
        case noStopToken = "it has no end-of-text token"
    }

    public var description: String {
        switch self {
        case .left(let model, let reason): "\(model) left the pool: \(reason)"
        case .moved(let model, let device):
            "\(model) goes on on the CPU from the last committed segment: the device \(device) was lost"
        case .unscored(let model, let text, let reason):
            "\(model) did not score \(text.debugDescription): \(reason.rawValue)"
        }
    }
}

/// How drafts of one length, in the tokens of the model that checked them, fared.
public struct DraftCount: Hashable, Sendable {
    public let length: Int
    /// Found in the text, not written by another model.
    public let isLookup: Bool
    public private(set) var offered = 0
    /// Confirmed to the last token.
    public private(set) var whole = 0
    /// Tokens confirmed, of all drafts.
    public private(set) var confirmed = 0

    init(length: Int, isLookup: Bool) { (self.length, self.isLookup) = (length, isLookup) }

    mutating func add(confirmed count: Int) {
        offered += 1
        whole += count == length ? 1 : 0
        confirmed += count
    }

    mutating func add(_ other: DraftCount) {
        offered += other.offered
        whole += other.whole
        confirmed += other.confirmed
    }
}

/// What a model did for the answer, in tokens; `seconds` are wall time, the prompt included.
public struct Usage: Hashable, Sendable {
    /// Tokens written one by one, the confirming lookahead included once.
    public var generated = 0
    /// Tokens of other models' candidates scored.
    public var scored = 0
    /// Draft tokens confirmed.
    public var verified = 0
    /// Rows evaluated that did not become part of the text.
    public var wasted = 0
    public var passes = 0
    /// Segments proposed, and those among them that another model proposed too.
    public var proposed = 0
    public var shared = 0
    /// Rows evaluated after the prompt.
    public var rows = 0
    public var seconds = 0.0
    public var cpuSeconds = 0.0
    /// Drafts checked, by length.
    public var drafts: [DraftCount] = []

    public init() {}

    public static func + (a: Usage, b: Usage) -> Usage {
        var sum = a
        sum.generated += b.generated
        sum.scored += b.scored
        sum.verified += b.verified
        sum.wasted += b.wasted
        sum.passes += b.passes
        sum.proposed += b.proposed
        sum.shared += b.shared
        sum.rows += b.rows
        sum.seconds += b.seconds
        sum.cpuSeconds += b.cpuSeconds
        for count in b.drafts {
            let known = sum.drafts.firstIndex { $0.length == count.length && $0.isLookup == count.isLookup }
            if let known { sum.drafts[known].add(count) } else { sum.drafts.append(count) }
        }
        return sum
    }
}

/// Why an answer ended.
public enum StopReason: String, Sendable {
    case eos
    case length
    case stopString = "stop_string"
    /// No model has room or health left to go on; the events say why.
    case exhausted
    /// The caller stopped it.
    case cancelled
}

/// A whole answer of one strategy.
public struct FusionResult: Sendable {
    public var text: String
    public var stop: StopReason
    public var segments: [Segment]
    public var events: [FusionEvent]
    /// Text that no segment's `shown` brought; what was streamed is complete only with it.
    public var heldBack: String
    /// In model order.
    public var usage: [(model: String, usage: Usage)]
    public var weights: [(model: String, weight: Double)]
    /// The answers that were ranked; empty where the strategy ranks none.
    public var answers: [AnswerReport]
    public var seconds: Double
    public var cpuSeconds: Double
}

/// One of several whole answers.
public struct AnswerReport: Sendable {
    public var text: String
    /// The models that wrote it alone; empty for the fused answer.
    public var authors: [String]
    public var stop: StopReason
    public var score: Double?
    public var models: [String: Evaluation]
    /// What the strategy `vote` read from it.
    public var parsed: String?
}
