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

    @Option(help: "Answers that each model draws for rerank, cool+rerank and vote, at most 64; with --temp.")
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
        try Self.check(samples: samples)
        if samples > 1 && [.cool, .solo, .primary].contains(strategy) {
            throw ValidationError(
                "--samples: strategy \(strategy.rawValue) writes one answer; rerank, cool+rerank and vote choose")
        }
        if let shortcuts { _ = try chosen(shortcuts) }
        if let weights, weights != "prompt", parsed(weights) == nil {
            throw ValidationError("--weights: '\(weights)' is not a list of numbers")
        }
    }

    /// Every sample has a thread and a cache.
    static func check(samples: Int) throws {
        if !(1...64).contains(samples) { throw ValidationError("--samples must be from 1 to 64, found \(samples)") }
    }

    /// Refuses sampling options that would have no effect on a fusion.
    func check(_ sampling: SamplingOptions, isOne: Bool) throws {
        if samples > 1 && !sampling.isAsked {
            throw ValidationError("--samples \(samples) needs --temp above 0: greedy answers are all the same")
        }
        try sampling.checkForFusion(isOne: isOne)
    }

    func options(
        _ limits: LimitOptions, _ sampling: SamplingOptions, _ reporting: ReportingOptions
    ) throws -> FusionOptions {
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

    private func chosen(_ list: String) throws -> Shortcuts {
        var chosen = Shortcuts.none
        for name in list.split(separator: ",") {
            guard let known = Shortcuts.names.first(where: { $0.name == name }) else {
                throw ValidationError("--shortcuts: there is no '\(name)'")
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
