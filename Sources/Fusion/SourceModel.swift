// What the fusion loop asks of one source model, and nothing more.
//
// A source holds one answer: committed tokens, and after them a *run*, the tokens it would write next, as far as
// they are known: its most likely ones or, where the answer is sampled, those its seed draws. Text crosses between models as bytes, never as token ids.
// Real models come in through SessionSource; the tests script their own.

import Inference

/// One token of a run with its log-probability (natural logarithm, full softmax).
public struct RunToken: Hashable, Sendable {
    public var token: Int32
    public var logprob: Double

    public init(token: Int32, logprob: Double) {
        self.token = token
        self.logprob = logprob
    }
}

/// Tokens that could follow the answer: after its last `dropping` tokens are taken back, `tokens` come
/// and then, where `stop` is set, that end-of-text token.
public struct Continuation: Hashable, Sendable {
    public var dropping: Int
    public var tokens: [Int32]
    public var stop: Int32?

    public init(dropping: Int = 0, tokens: [Int32], stop: Int32? = nil) {
        self.dropping = dropping
        self.tokens = tokens
        self.stop = stop
    }
}

/// Why a source model cannot go on; the loop then takes it out of the pool and continues without it.
public enum SourceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case contextFull(context: Int)
    case notFinite
    case failed(String)
    /// Its device went away, and it could not go on elsewhere.
    case deviceLost(String)

    public var description: String {
        switch self {
        case .contextFull(let context): "its context of \(context) tokens is full"
        case .notFinite: "its logits are not finite"
        case .failed(let message): message
        case .deviceLost(let device): "the device \(device) was lost"
        }
    }
}

/// A model that takes part in a fusion.
public protocol SourceModel: AnyObject {
    var name: String { get }
    /// Relative cost of one token; the cheapest source drafts.
    var cost: Double { get }
    /// Tokens that end the answer; `mainStop` is the one other models' endings are scored with.
    var stopTokens: Set<Int32> { get }
    var mainStop: Int32? { get }
    /// The token that stands for text the vocabulary cannot spell.
    var unknownToken: Int32? { get }
    /// True where a chat template was rendered: the answer's leading white space is then dropped once.
    var stripsLeadingSpace: Bool { get }
    var work: Work { get }
    /// The device that was lost under it since the last call; it goes on on the CPU.
    func takeLoss() -> String?

    /// Text that continues the answer (or starts it) as this model's tokens, without special tokens.
    func encode(_ text: [UInt8], startsAnswer: Bool) -> [Int32]
    /// What a token adds to the text; nothing for control tokens.
    func bytes(of token: Int32) -> [UInt8]
    /// Byte offsets at which this model's pre-tokenizer starts a piece.
    func pieceStarts(_ text: [UInt8]) -> [Int]

    /// How well the model predicts its prompt; nil where the prompt is a single token. Before `start`.
    func promptBitsPerByte() throws(SourceFailure) -> Double?
    /// Evaluates the prompt, or goes back to its end; the answer and the run are then empty. `sampling` nil: the run
    /// is greedy. Else the token at each place of the answer is the draw that belongs to the place, so that it does not
    /// matter how often or in which order places are asked for.
    func start(_ sampling: Sampling?) throws(SourceFailure)
    /// The run's next token: argmax, ties to the lowest id; or the draw.
    func next() throws(SourceFailure) -> RunToken
    /// Checks `draft` against the source's own path in one pass: the run becomes the draft's tokens up to the
    /// first that it would not write, and then the token it would. The run must be a prefix of `draft`.
    func verify(_ draft: [Int32]) throws(SourceFailure) -> [RunToken]
    /// The run's first `count` tokens join the answer; the rest stays the run.
    func keep(_ count: Int) throws(SourceFailure)
    /// Forgets the run.
    func dropRun()
    /// Log-probabilities of each continuation's tokens and stop, in one batch; the run stays.
    func score(_ continuations: [Continuation]) throws(SourceFailure) -> [[Double]]
    /// Commits continuation `index` of the last `score` with the work already done for it; the run is dropped.
    func append(scored index: Int) throws(SourceFailure)
    /// Commits tokens by evaluating them, after taking back `dropping` tokens; the run is dropped.
    func append(_ tokens: [Int32], dropping: Int) throws(SourceFailure)

    /// The prompt as text, where drafts may be looked up; empty: unknown.
    var promptText: [UInt8] { get }
    /// Sources of the same prompt that write other answers to it beside this one; none where there is only one.
    func copies(_ count: Int) throws(SourceFailure) -> [any SourceModel]
}

extension SourceModel {
    public var promptText: [UInt8] { [] }
    public func copies(_ count: Int) throws(SourceFailure) -> [any SourceModel] { [] }
}

extension SourceModel {
    public func takeLoss() -> String? { nil }
}
