// How tokens are chosen and when text ends; the same names and meanings as in llama.cpp.
import ArgumentParser
import Inference

/// When an answer ends.
struct LimitOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .customLong("predict")], parsing: .unconditional, help: "At most so many tokens.")
    var count = 512

    @Option(name: .customLong("stop"), parsing: .unconditionalSingleValue, help: "End before this text (repeatable).")
    var stopStrings: [String] = []

    func validate() throws {
        if count < 0 { throw ValidationError("-n must not be negative, found \(count)") }
    }
}

/// The distribution that a token is drawn from. Without --temp: 0.8.
struct SamplingOptions: ParsableArguments {
    @Option(name: .customLong("temp"), help: "Temperature; 0 always takes the most probable token.")
    var temperature = 0.8

    @Option(help: "Only the K most probable tokens; 0: all.")
    var topK = 40

    @Option(help: "Only the most probable tokens that together reach this probability; 1: all.")
    var topP = 0.95

    @Option(help: "Only tokens at least this probable, relative to the most probable; 0: all.")
    var minP = 0.05

    @Option(help: "Divide the logits of recent tokens by this; 1: off.")
    var repeatPenalty = 1.0

    @Option(name: [.customShort("s"), .long], help: "Seed of the draws (default: a new one each time).")
    var seed: UInt64?

    func validate() throws {
        do { try sampling(seed: 0).check() } catch { throw ValidationError("\(error)") }
    }

    func sampling(seed: UInt64) -> Sampling {
        var sampling = Sampling()
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        sampling.minP = minP
        sampling.repeatPenalty = repeatPenalty
        sampling.seed = seed
        return sampling
    }
}
