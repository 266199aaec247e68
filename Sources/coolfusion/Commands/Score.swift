// `coolfusion score`: how probable models find given continuations of a context.
import ArgumentParser
import ChatTemplates
import Glibc
import Inference

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Log-probabilities of candidate continuations of a context.",
        discussion: """
            A candidate continues the context as it stands: write the space in front of a word. An empty context (-p "") \
            scores a text from its beginning. Numbers are in nats; compare models by bits per byte, not by perplexity.
            """)

    @Option(name: .shortAndLong, help: "A model, or name=path (repeat for several).")
    var model: [ModelArgument]

    @OptionGroup var prompt: PromptOptions

    @Option(parsing: .unconditionalSingleValue, help: "A continuation of the context (repeat for several).")
    var candidate: [String]

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        if candidate.contains("") { throw ValidationError("a candidate must not be empty") }
    }

    func run() throws {
        let conversation = try prompt.conversation()
        let models = try engine.load(model)
        try prompt.template.check(models)
        let scores = try models.map { try score(conversation, with: $0) }
        if json {
            try StandardOutput.line(report(conversation.last?.content ?? "", models, scores))
        } else {
            for (index, text) in candidate.enumerated() {
                for (model, scores) in zip(models, scores) {
                    let score = scores[index]
                    try StandardOutput.write(
                        "\(JSON.string(text).text) \(model.name): nll \(decimals(score.nll, 4)), \(score.tokens.count) tokens, "
                            + "perplexity \(decimals(score.perplexity, 4)), \(decimals(bitsPerByte(score, text), 4)) bits per byte\n"
                    )
                }
            }
        }
    }

    private func score(_ conversation: [Message], with model: Model) throws -> [Score] {
        let prompt = try prompt.template.prompt(conversation, for: model, engine.reporting)
        // At the very beginning a text gets the space its tokenizer puts in front of texts; after a context it does not.
        let startsText = prompt.text.isEmpty
        return try loading(model.path) {
            let session = try Session(model: model)
            try session.append(prompt.tokens)
            let scores = try Scorer(session).score(
                candidate.map {
                    model.tokenizer.encode(
                        $0, addSpecial: false, parseSpecial: false, dummyPrefix: startsText ? nil : false)
                })
            guard scores.allSatisfy(\.nll.isFinite) else { throw InferenceError.notFinite(model: model.name) }
            return scores
        }
    }

    private func bitsPerByte(_ score: Score, _ text: String) -> Double {
        score.nll / log(2) / Double(text.utf8.count)
    }

    private func report(_ context: String, _ models: [Model], _ scores: [[Score]]) -> JSON {
        let candidates = candidate.enumerated().map { index, text -> JSON in
            let members = zip(models, scores).map { model, scores -> (String, JSON) in
                let score = scores[index]
                return (
                    model.name,
                    [
                        "nll": .number(score.nll), "tokens": .integer(score.tokens.count),
                        "bytes": .integer(text.utf8.count), "perplexity": .number(score.perplexity),
                        "bits_per_byte": .number(bitsPerByte(score, text)),
                        "logprobs": .array(score.logprobs.map(JSON.number)), "token_ids": .integers(score.tokens),
                    ]
                )
            }
            return ["text": .string(text), "models": .object(members)]
        }
        return ["context": .string(context), "candidates": .array(candidates)]
    }
}

extension Score {
    var perplexity: Double { exp(nll / Double(max(tokens.count, 1))) }
}
