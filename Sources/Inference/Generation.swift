// One model writes alone: sample, append, until the text ends, a limit or a stop string is reached, or the
// context is full. Text is given out as soon as it can no longer change.

import Tokenizers

public struct GenerationOptions: Sendable {
    /// Most tokens; nil: as many as the context holds.
    public var limit: Int?
    public var stopStrings: [String] = []
    /// Goes on past end-of-text tokens.
    public var ignoresEOS = false
    public var sampling = Sampling()
    /// Drops leading white space: for answers to a rendered chat template.
    public var stripsLeadingSpace = false

    public init() {}
}

/// What was generated.
public struct Generation: Sendable {
    public enum Stop: String, Sendable {
        case eos, length
        case stopString = "stop_string"
        case context
        /// The caller asked for it.
        case cancelled
    }

    public var text = ""
    public var tokens: [Int32] = []
    /// Of each token, natural logarithm, full softmax before any filter.
    public var logprobs: [Double] = []
    public var stop = Stop.length
}

extension Session {
    /// Continues the timeline. `onText` gets each piece of finished text and returns false to stop.
    /// The last token is not evaluated; the timeline may end before it.
    public func generate(_ options: GenerationOptions = .init(), onText: (String) -> Bool = { _ in true })
        throws(InferenceError) -> Generation
    {
        var sampler = try Sampler(options.sampling)
        var output = Output(options, model.tokenizer)
        var generation = Generation()
        while generation.tokens.count < options.limit ?? .max {
            let (token, logprob) = try next(&sampler)
            if model.tokenizer.endOfGeneration.contains(token) && !options.ignoresEOS {
                generation.stop = .eos
                break
            }
            generation.tokens.append(token)
            generation.logprobs.append(logprob)
            let shown = output.append(token)
            generation.text += shown
            if !shown.isEmpty && !onText(shown) {
                generation.stop = .cancelled
                return generation
            }
            if output.isStopped {
                generation.stop = .stopString
                break
            }
            if generation.tokens.count == options.limit { break }
            if room == 0 {
                generation.stop = .context
                break
            }
            try append([token])
        }
        let rest = output.finish()
        generation.text += rest
        if !rest.isEmpty { _ = onText(rest) }
        return generation
    }

    private func next(_ sampler: inout Sampler) throws(InferenceError) -> (token: Int32, logprob: Double) {
        guard let row = logits else { throw .emptyPrompt(model: model.name) }
        do throws(InferenceError) {
            return try sampler.next(row, recent: tokens)
        } catch {
            guard let device = error.lostDevice else { throw error }
            try moveToCPU(keeping: tokens, lost: device)
            return try next(&sampler)
        }
    }
}

/// Tokens in, text out: whole characters, without stop strings, without white space in front if told so.
private struct Output {
    private var decoder: StreamingDecoder
    private var stops: StopStrings
    private var strips: Bool

    init(_ options: GenerationOptions, _ tokenizer: Tokenizer) {
        decoder = StreamingDecoder(tokenizer: tokenizer)
        stops = StopStrings(options.stopStrings)
        strips = options.stripsLeadingSpace
    }

    var isStopped: Bool { stops.isStopped }

    mutating func append(_ token: Int32) -> String { pass(decoder.append(token)) }

    mutating func finish() -> String {
        let last = isStopped ? "" : pass(decoder.finish())
        return last + String(decoding: stops.finish(), as: UTF8.self)
    }

    private mutating func pass(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if strips {
            bytes = Array(bytes.drop { $0 == 0x20 || (0x09...0x0d).contains($0) })
            strips = bytes.isEmpty
        }
        return String(decoding: stops.append(bytes), as: UTF8.self)
    }
}
