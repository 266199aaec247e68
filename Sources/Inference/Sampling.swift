// What a user can choose about sampling, with the values a model's file recommends.
// Sampler.swift decides what each value means.

import GGUF

public struct Sampling: Sendable {
    /// Added to the logits of tokens; -infinity forbids one.
    public var logitBias: [Int32: Double] = [:]
    /// Divides positive and multiplies negative logits of recent tokens; 1: off.
    public var repeatPenalty = 1.0
    /// Subtracted from the logits of recent tokens once for each time they occur; 0: off.
    public var frequencyPenalty = 0.0
    /// Subtracted from the logits of recent tokens; 0: off.
    public var presencePenalty = 0.0
    /// How many recent tokens, those of the prompt included, the penalties look at.
    public var repeatLast = 64
    /// 0: all.
    public var topK = 40
    /// 1: all.
    public var typicalP = 1.0
    /// 1: all.
    public var topP = 0.95
    /// 0: all.
    public var minP = 0.05
    /// 0: the most likely token.
    public var temperature: Double = 0
    public var seed: UInt64 = 0

    public init() {}

    /// Whether the penalties look at recent tokens.
    public var looksBack: Bool { repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0 }

    /// Whether every token is the one with the largest logit, whatever came before.
    public var isGreedy: Bool { (temperature == 0 || topK == 1) && logitBias.isEmpty && !looksBack }

    /// The same with a seed of its own for each of several models and each of several samples; the first keep the seed.
    public func seeded(model: Int, sample: Int = 0) -> Sampling {
        var own = self
        own.seed &+= UInt64(model) &* 0xD1B5_4A32_D192_ED03 &+ UInt64(sample) &* 0xABC9_8388_FB8F_AC03
        return own
    }

    /// Throws invalidSampling for values that mean nothing.
    public func check() throws(InferenceError) {
        func require(_ name: String, _ value: Double, _ expected: String, _ isRight: Bool) throws(InferenceError) {
            if !isRight || !value.isFinite {
                throw .invalidSampling(name: name, expected: expected, found: "\(value)")
            }
        }
        try require("temperature", temperature, "at least 0", temperature >= 0)
        try require("typical-p", typicalP, "above 0 and at most 1", typicalP > 0 && typicalP <= 1)
        try require("top-p", topP, "above 0 and at most 1", topP > 0 && topP <= 1)
        try require("min-p", minP, "from 0 to 1", minP >= 0 && minP <= 1)
        try require("repeat penalty", repeatPenalty, "above 0", repeatPenalty > 0)
        try require("frequency penalty", frequencyPenalty, "a number", true)
        try require("presence penalty", presencePenalty, "a number", true)
        try require("top-k", Double(topK), "at least 0", topK >= 0)
        try require("repeat last", Double(repeatLast), "at least 0", repeatLast >= 0)
        for (token, bias) in logitBias where bias.isNaN || bias == .infinity {
            throw .invalidSampling(name: "bias of token \(token)", expected: "a number or -inf", found: "\(bias)")
        }
    }
}

/// What a file recommends: the keys `general.sampling.*` that name a value of `Sampling`.
public struct RecommendedSampling: Sendable {
    public var temperature: Double?
    public var topK: Int?
    public var topP: Double?
    public var minP: Double?
    public var repeatPenalty: Double?
    public var repeatLast: Int?

    /// Reads the keys of a file; throws its wrongType.
    public init(_ metadata: GGUFMetadata) throws(GGUFError) {
        func number(_ name: String) throws(GGUFError) -> Double? {
            // By way of text, so that the file's 0.6 is 0.6 and not 0.60000002.
            try metadata.float("general.sampling.\(name)").flatMap { Double($0.description) }
        }
        temperature = try number("temp")
        // 0 and -1 mean all there.
        topK = try metadata.integer("general.sampling.top_k").map { max($0, 0) }
        topP = try number("top_p")
        minP = try number("min_p")
        repeatPenalty = try number("penalty_repeat")
        repeatLast = try metadata.integer("general.sampling.penalty_last_n").map { $0 < 0 ? .max : $0 }
    }
}
