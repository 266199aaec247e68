// One labelled problem, answered by every strategy under comparison (cool-fusion.md section 9). Answers of single models
// are written once and shared by the strategies that choose among them.

import Inference

/// A way to answer, with the name it has in reports: "solo:NAME", "default", "vote", "cool:paper" ...
public struct Contender: Sendable {
    public let name: String
    public let options: FusionOptions

    public init(_ name: String, _ options: FusionOptions) {
        self.name = name
        self.options = options
    }

    /// Every model alone, what `fuse` does without flags, and the strategies and rules of the method.
    /// `base` carries limits and stop strings.
    public static func all(models: [String], base: FusionOptions) -> [Contender] {
        func contender(_ name: String, _ strategy: Strategy, rank: String? = nil, primary: Int = 0) -> Contender {
            var options = base
            options.strategy = strategy
            if let rank { options.rank = rank }
            options.primary = primary
            return Contender(name, options)
        }
        let solos = models.indices.map { contender("solo:\(models[$0])", .solo, primary: $0) }
        let rules = RankRule.all.map { contender("cool:\($0.name)", .cool, rank: $0.name) }
        return solos + [contender("default", base.strategy)] + [
            contender("vote", .vote), contender("rerank", .rerank), contender("cool+rerank", .coolRerank),
            contender("primary", .primary),
        ] + rules
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

    public init(text: String, parsed: String?, isCorrect: Bool, tokens: Int, seconds: Double) {
        self.text = text
        self.parsed = parsed
        self.isCorrect = isCorrect
        self.tokens = tokens
        self.seconds = seconds
    }
}

public struct Contest {
    public let contenders: [Contender]
    public let parse: @Sendable (String) -> String?

    public init(_ contenders: [Contender], parse: @escaping @Sendable (String) -> String?) {
        self.contenders = contenders
        self.parse = parse
    }

    /// All contenders' attempts at one problem, in their order. `sources` answer its question; `expected` is the reading
    /// of the reference answer.
    public func attempts(_ sources: [any SourceModel], expected: String?) throws(FusionError) -> [Attempt] {
        let memory = AnswerMemory()
        var attempts: [Attempt] = []
        for contender in contenders {
            var options = contender.options
            options.parse = parse
            let result = try fuse(sources, options: options, remembering: memory)
            let parsed = parse(result.text)
            attempts.append(
                Attempt(
                    text: result.text, parsed: parsed, isCorrect: parsed != nil && parsed == expected,
                    tokens: result.usage.reduce(0) { $0 + $1.usage.generated + $1.usage.scored + $1.usage.verified },
                    seconds: result.usage.reduce(0) { $0 + $1.usage.seconds }))
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
