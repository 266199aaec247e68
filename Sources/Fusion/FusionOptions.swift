// What a caller can choose about a fusion, and the errors of this module. Names are those of
// cool-fusion.md; defaults are its decisions.

import Inference

/// How several models make one answer.
public enum Strategy: String, CaseIterable, Sendable {
    case cool
    case solo
    case rerank
    case coolRerank = "cool+rerank"
    case vote
    case primary
}

/// Speed-ups that change neither the text nor the winners; each can be switched off to prove it.
public struct Shortcuts: Hashable, Sendable {
    /// One merged candidate is committed without scoring.
    public var agreement = true
    /// The winner's rows of the scoring pass are kept.
    public var commitFromScoring = true
    /// The token that confirmed a boundary is not computed twice.
    public var lookahead = true
    /// The cheapest model runs ahead and the others verify its draft.
    public var draft = true
    /// Words that followed the last ones where these stood before, in the prompt or the answer, are verified first.
    public var lookup = true

    public init() {}

    /// Every shortcut by its name.
    public static var names: [(name: String, shortcut: WritableKeyPath<Shortcuts, Bool>)] {
        [
            ("agreement", \.agreement), ("commit", \.commitFromScoring), ("lookahead", \.lookahead), ("draft", \.draft),
            ("lookup", \.lookup),
        ]
    }

    public static let none: Shortcuts = {
        var none = Shortcuts()
        (none.agreement, none.commitFromScoring, none.lookahead) = (false, false, false)
        (none.draft, none.lookup) = (false, false)
        return none
    }()
}

public struct FusionOptions: Sendable {
    public var strategy: Strategy = .cool
    public var rank = "robust"
    public var segment: SegmentKind = .aligned
    /// Tokens after which a segment ends without a boundary; nil: 16, more for clauses and sentences.
    public var maxSegmentTokens: Int?
    /// Committed words that are encoded again before a candidate.
    public var tailWords = 4
    /// Most tokens of the first model; nil: until a model ends the text or the contexts are full.
    public var limit: Int?
    public var stopStrings: [String] = []
    /// Lifts the rules on digits and lone white space.
    public var paperExact = false
    public var shortcuts = Shortcuts()
    /// One positive weight per model, in model order; nil: all equal.
    public var weights: [Double]?
    /// Weights from each model's bits per byte on its prompt; `weights` is then not looked at.
    public var weighsByPrompt = false
    /// The model that leads (strategy `primary`) or writes alone (`solo`), in model order.
    public var primary = 0
    /// The primary is sure of a segment of at most this perplexity, and the others are not asked.
    public var surePerplexity = 1.25
    /// By how many nats, in the models' mean, another candidate must beat the primary's own.
    public var primaryMargin = 1.0
    /// Draws the models' tokens, each model with a seed of its own; nil: every model writes greedily.
    public var sampling: Sampling?
    /// Answers that each model draws for `rerank`, `cool+rerank` and `vote`; more than one only with `sampling`.
    public var samples = 1
    /// How whole answers are ranked; nil: `paper` as `paper`, every other rule as `bpb`.
    public var answerRank: String?
    /// Reads an answer for strategy `vote`: equal readings are one vote; nil: it does not vote.
    public var parse: @Sendable (String) -> String? = lastNumber

    public init() {}

    var ruleOfAnswers: String { answerRank ?? (rank == "paper" ? "paper" : "bpb") }

    var segmentTokens: Int {
        switch segment {
        case .aligned, .shortest: max(maxSegmentTokens ?? 16, 1)
        case .clause: max(maxSegmentTokens ?? 48, 1)
        case .sentence: max(maxSegmentTokens ?? 96, 1)
        }
    }
}

public enum FusionError: Error, Sendable, CustomStringConvertible {
    case noModels
    case unknownRule(String, known: [String])
    case weights(expected: Int, found: [Double])
    case primary(Int, count: Int)
    /// Every model failed before a single byte was written.
    case allFailed([FusionEvent])
    /// The system has no thread for a `Fusion` to compute on.
    case noThread

    public var description: String {
        switch self {
        case .noModels: "a fusion needs at least one model"
        case .unknownRule(let name, let known):
            "there is no ranking rule \(name.debugDescription), only \(known.joined(separator: ", "))"
        case .weights(let expected, let found):
            "expected \(expected) positive finite weights, one per model, found \(found)"
        case .primary(let index, let count):
            "the leading model must be one of 0 to \(count - 1), found \(index)"
        case .allFailed(let events):
            "no model could begin: " + events.map(\.description).joined(separator: "; ")
        case .noThread: "the system has no thread to compute on"
        }
    }
}
