// One labelled problem, answered by every strategy under comparison (cool-fusion.md section 9). Answers of single models
// are written once and shared by the strategies that choose among them.

import Inference

/// A way to answer, with the name it has in reports: "solo:NAME", "default", "vote", "cool:paper" ...
public struct Contender: Sendable {
    public let name: String
    public let options: FusionOptions
    /// The one model that answers; nil: all.
    public let only: Int?

    public init(_ name: String, _ options: FusionOptions, only: Int? = nil) {
        (self.name, self.options, self.only) = (name, options, only)
    }

    /// Every model alone, what `fuse` does without flags, the strategies and rules of the method, and every model's
    /// self-consistency: a vote among as many samples as `base.samples` says, drawn by `base.sampling`.
    /// `base` carries limits and stop strings.
    public static func all(models: [String], base: FusionOptions) -> [Contender] {
        func contender(
            _ name: String, _ strategy: Strategy, rank: String? = nil, primary: Int = 0, only: Int? = nil
        ) -> Contender {
            var options = base
            options.strategy = strategy
            if let rank { options.rank = rank }
            options.primary = primary
            if only == nil { (options.sampling, options.samples) = (nil, 1) }
            return Contender(name, options, only: only)
        }
        let solos = models.indices.map { contender("solo:\(models[$0])", .solo, primary: $0) }
        let rules = RankRule.all.map { contender("cool:\($0.name)", .cool, rank: $0.name) }
        let sampled =
            base.sampling == nil ? [] : models.indices.map { contender("self:\(models[$0])", .vote, only: $0) }
        return solos + [contender("default", base.strategy)] + [
            contender("vote", .vote), contender("rerank", .rerank), contender("cool+rerank", .coolRerank),
            contender("primary", .primary),
        ] + rules + sampled
    }
}

/// What a contender made of a problem.
public struct Attempt: Sendable {
    public var text: String
    /// What the parsing rule read from the text.
    public var parsed: String?
    public var isCorrect: Bool
    /// Tokens generated, scored and verified by all models, and the time they took, as if nothing were shared.
    public var tokens: Int
    public var seconds: Double
    /// Where the problem is a text to be predicted: its information in bits.
    public var bits: Double?

    public init(text: String, parsed: String?, isCorrect: Bool, tokens: Int, seconds: Double, bits: Double? = nil) {
        self.text = text
        self.parsed = parsed
        self.isCorrect = isCorrect
        self.tokens = tokens
        self.seconds = seconds
        self.bits = bits
    }

    /// Nobody could answer: the models that could not begin left the pool.
    static let none = Attempt(text: "", parsed: nil, isCorrect: false, tokens: 0, seconds: 0)
}

/// What is asked about a prompt.
public enum Question: Sendable {
    /// An answer is written and read; `expected` is the reading of the reference answer.
    case open(expected: String?)
    /// One of several continuations of the prompt is right.
    case choices([String], right: Int)
    /// The text that follows the prompt is predicted.
    case text(String)
}

public struct Contest {
    public let contenders: [Contender]
    public let parse: @Sendable (String) -> String?
    /// Told what went wrong without stopping a contender, once for every contender it happened to.
    public var told: (FusionEvent) -> Void = { _ in }

    public init(_ contenders: [Contender], parse: @escaping @Sendable (String) -> String?) {
        self.contenders = contenders
        self.parse = parse
    }

    /// All contenders' attempts at one problem, in their order. `sources` have its prompt. Where no model can begin, the
    /// attempt is empty.
    public func attempts(_ sources: [any SourceModel], _ question: Question) throws(FusionError) -> [Attempt] {
        switch question {
        case .open(let expected): try answers(sources, expected)
        case .choices(let choices, let right): try picks(sources, choices, right: right)
        case .text(let text): try predictions(sources, text)
        }
    }

    private func answers(_ sources: [any SourceModel], _ expected: String?) throws(FusionError) -> [Attempt] {
        let memory = AnswerMemory()
        var attempts: [Attempt] = []
        for contender in contenders {
            var options = contender.options
            options.parse = parse
            do {
                let result = try fuse(
                    contender.only.map { [sources[$0]] } ?? sources, options: options,
                    remembering: contender.only == nil ? memory : nil)
                result.events.forEach(told)
                let parsed = parse(result.text)
                attempts.append(
                    Attempt(
                        text: result.text, parsed: parsed, isCorrect: parsed != nil && parsed == expected,
                        tokens: result.usage.reduce(0) {
                            $0 + $1.usage.generated + $1.usage.scored + $1.usage.verified
                        },
                        seconds: result.usage.reduce(0) { $0 + $1.usage.seconds }))
            } catch .allFailed(let events) {
                events.forEach(told)
                attempts.append(.none)
            }
        }
        return attempts
    }
}

/// The answer after "####" as GSM8K writes it, else the last number of the text.
@Sendable public func finalNumber(_ text: String) -> String? {
    let scalars = Array(text.unicodeScalars)
    let mark = Array("####".unicodeScalars)
    guard scalars.count >= mark.count else { return lastNumber(text) }
    for start in (0...(scalars.count - mark.count)).reversed() where Array(scalars[start..<start + 4]) == mark {
        var rest = String.UnicodeScalarView()
        rest.append(contentsOf: scalars[(start + 4)...].prefix { $0 != "\n" })
        return lastNumber(String(rest)) ?? lastNumber(text)
    }
    return lastNumber(text)
}
