// `coolfusion perplexity`: how well a model predicts a text. Every token is scored once; windows overlap by half, so
// that every token but those of the first half window sees at least half a window of text before it.
import ArgumentParser
import Glibc
import Inference

struct Perplexity: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how well a model predicts a text file.",
        discussion: """
            Bits per byte compare models with different vocabularies; perplexity per token does not. Without -c the \
            window is the model's context, at most 2048 tokens.
            """)

    @Option(name: .shortAndLong, help: "The model, or name=path.")
    var model: ModelArgument

    @Option(name: .shortAndLong, help: "The text ('-': standard input).")
    var file: String

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var engine: EngineOptions

    private struct Total {
        var nll = 0.0
        var tokens = 0
        var windows = 0
    }

    func run() throws {
        let text = try readText(file)
        guard !text.isEmpty else { throw CommandError.badData("'\(file)' is empty") }
        let model = try engine.load(self.model)
        let total = try loading(model.path) { try measure(text, with: model) }
        let bits = total.nll / log(2) / Double(text.utf8.count)
        let perplexity = exp(total.nll / Double(total.tokens))
        if json {
            try StandardOutput.line([
                "perplexity": .number(perplexity), "bits_per_byte": .number(bits), "nll": .number(total.nll),
                "tokens": .integer(total.tokens), "bytes": .integer(text.utf8.count),
                "windows": .integer(total.windows),
            ])
        } else {
            try StandardOutput.write(
                "perplexity \(decimals(perplexity, 4)), \(decimals(bits, 4)) bits per byte "
                    + "(\(total.tokens) tokens, \(text.utf8.count) bytes, \(total.windows) windows)\n")
        }
    }

    /// Each window is BOS (or what the model begins with), tokens that are only context, and tokens that are scored.
    private func measure(_ text: String, with model: Model) throws -> Total {
        let tokens = model.tokenizer.encode(text, addSpecial: false, parseSpecial: false)
        let opening = try model.rawPrompt("").tokens
        let window = min(model.context, engine.context ?? 2048) - opening.count
        guard window >= 2 else { throw CommandError.usage("-c must be at least \(opening.count + 2)") }
        let session = try Session(model: model, context: window + opening.count)
        let start = session.checkpoint()
        var progress = ProgressLine(quiet: engine.reporting.quiet)
        defer { ProgressLine.remove() }
        var total = Total()
        while total.tokens < tokens.count {
            let first = max(0, total.tokens - window / 2)
            let end = min(tokens.count, first + window)
            try session.rollback(to: start)
            try session.append(opening + tokens[first..<total.tokens])
            let score = try Scorer(session).score([Array(tokens[total.tokens..<end])])[0]
            guard score.nll.isFinite else { throw InferenceError.notFinite(model: model.name) }
            total.nll += score.nll
            total.tokens = end
            total.windows += 1
            progress.show("\(end) of \(tokens.count) tokens")
        }
        return total
    }
}
