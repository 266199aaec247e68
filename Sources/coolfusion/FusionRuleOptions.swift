// The rules of a fusion on the command line, by their names in the documentation.
import ArgumentParser
import Fusion

struct FusionRuleOptions: ParsableArguments {
    @Option(help: "How the models make one answer: \(names(Strategy.allCases)).")
    var strategy = Strategy.cool

    @Option(help: "How candidates are ranked: \(RankRule.all.map(\.name).joined(separator: ", ")).")
    var rank = FusionOptions().rank

    @Option(help: "Where a segment ends: \(names(SegmentKind.allCases)).")
    var segment = SegmentKind.aligned

    @Option(help: "Tokens after which a segment ends without a word boundary.")
    var maxSegmentTokens: Int?

    @Option(help: "One positive weight per model, separated by commas, or 'prompt': by how well each predicts it.")
    var weights: String?

    @Option(help: "Answers that each model draws for rerank and vote; needs --temp (default: 1).")
    var samples = 1

    @Flag(help: "Let segments be white space alone and cut numbers, as the paper has it.")
    var paperExact = false

    @Flag(help: "Compute every score, also where all models agree.")
    var explain = false

    @Option(
        help: ArgumentHelp(
            "Only these of \(Shortcuts.names.map(\.name).joined(separator: ", ")); the text must be the same.",
            valueName: "list"))
    var shortcuts: String?

    @Flag(help: "The plain algorithm without shortcuts; the text must be the same.")
    var noShortcuts = false

    func validate() throws {
        do { _ = try RankRule(named: rank) } catch { throw ValidationError("\(error)") }
        if let maxSegmentTokens, maxSegmentTokens < 1 {
            throw ValidationError("--max-segment-tokens must be at least 1, found \(maxSegmentTokens)")
        }
        if samples < 1 { throw ValidationError("--samples must be at least 1, found \(samples)") }
        if let weights, weights != "prompt", parsed(weights) == nil {
            throw ValidationError("--weights: '\(weights)' is not a list of numbers")
        }
    }

    func options(
        _ limits: LimitOptions, _ sampling: SamplingOptions, _ reporting: ReportingOptions
    ) throws -> FusionOptions {
        if samples > 1 && !sampling.isAsked {
            throw CommandError.usage("--samples \(samples) needs --temp above 0: greedy answers are all the same")
        }
        var options = FusionOptions()
        options.strategy = strategy
        options.rank = rank
        options.segment = segment
        options.maxSegmentTokens = maxSegmentTokens
        options.limit = limits.count
        options.stopStrings = limits.stopStrings
        options.paperExact = paperExact
        options.sampling = sampling.sampling(forSeveral: reporting)
        options.samples = samples
        options.weighsByPrompt = weights == "prompt"
        options.weights = options.weighsByPrompt ? nil : weights.flatMap(parsed)
        if noShortcuts { options.shortcuts = .none }
        if let shortcuts { options.shortcuts = try chosen(shortcuts) }
        if explain { options.shortcuts.agreement = false }
        return options
    }

    private func chosen(_ list: String) throws(CommandError) -> Shortcuts {
        var chosen = Shortcuts.none
        for name in list.split(separator: ",") {
            guard let known = Shortcuts.names.first(where: { $0.name == name }) else {
                throw .usage("--shortcuts: there is no '\(name)'")
            }
            chosen[keyPath: known.shortcut] = true
        }
        return chosen
    }

    private func parsed(_ list: String) -> [Double]? {
        let numbers = list.split(separator: ",").map { Double($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    }
}

extension Strategy: ExpressibleByArgument {}
extension SegmentKind: ExpressibleByArgument {}

private func names<T: RawRepresentable<String>>(_ values: [T]) -> String {
    values.map(\.rawValue).joined(separator: ", ")
}
