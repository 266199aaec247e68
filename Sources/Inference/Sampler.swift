// Chooses the next token from logits. Temperature 0 is argmax; otherwise the filters apply in the order
// penalty, top-k, top-p, min-p, temperature, and the same seed draws the same tokens on every machine.

import Glibc

public struct Sampling: Sendable {
    /// 0: the most likely token.
    public var temperature: Double = 0
    /// 0: all.
    public var topK = 40
    public var topP = 0.95
    public var minP = 0.05
    /// Divides positive and multiplies negative logits of recent tokens; 1: off.
    public var repeatPenalty = 1.0
    /// How many recent tokens are penalised.
    public var repeatLast = 64
    public var seed: UInt64 = 0

    public init() {}

    /// Throws invalidSampling for values that mean nothing.
    public func check() throws(InferenceError) {
        func require(_ name: String, _ value: Double, _ expected: String, _ isRight: Bool) throws(InferenceError) {
            if !isRight || !value.isFinite {
                throw .invalidSampling(name: name, expected: expected, found: "\(value)")
            }
        }
        try require("temperature", temperature, "at least 0", temperature >= 0)
        try require("top-p", topP, "above 0 and at most 1", topP > 0 && topP <= 1)
        try require("min-p", minP, "from 0 to 1", minP >= 0 && minP <= 1)
        try require("repeat penalty", repeatPenalty, "above 0", repeatPenalty > 0)
        try require("top-k", Double(topK), "at least 0", topK >= 0)
        try require("repeat last", Double(repeatLast), "at least 0", repeatLast >= 0)
    }
}

public struct Sampler: Sendable {
    public let sampling: Sampling
    private var state: UInt64

    public init(_ sampling: Sampling = .init()) throws(InferenceError) {
        try sampling.check()
        self.sampling = sampling
        state = sampling.seed
    }

    /// The next token after `recent`; `logits` is not empty.
    public mutating func next(_ logits: [Float], recent: [Int32]) -> Int32 {
        let penalized = penalize(logits, recent)
        if sampling.temperature == 0 || sampling.topK == 1 { return argmax(penalized) }
        return draw(filtered(penalized))
    }

    private func penalize(_ logits: [Float], _ recent: [Int32]) -> [Float] {
        if sampling.repeatPenalty == 1 { return logits }
        var logits = logits
        let penalty = Float(sampling.repeatPenalty)
        for token in Set(recent.suffix(sampling.repeatLast)) where logits.indices.contains(Int(token)) {
            logits[Int(token)] = logits[Int(token)] > 0 ? logits[Int(token)] / penalty : logits[Int(token)] * penalty
        }
        return logits
    }

    /// The tokens left by the filters with their weights, most likely first; never empty.
    private func filtered(_ logits: [Float]) -> [(token: Int32, weight: Double)] {
        let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        let count = sampling.topK > 0 ? min(sampling.topK, order.count) : order.count
        guard let first = order.first else { return [(0, 1)] }
        let largest = Double(logits[first])
        var kept = order[..<count].map { (token: Int32($0), weight: exp(Double(logits[$0]) - largest)) }
        let sum = kept.reduce(0) { $0 + $1.weight }
        var mass = 0.0
        let nucleus = kept.firstIndex {
            mass += $0.weight / sum
            return mass >= sampling.topP
        }
        kept.removeLast(kept.count - 1 - (nucleus ?? kept.count - 1))
        kept = kept.filter { $0.weight >= sampling.minP }
        return kept.map { ($0.token, pow($0.weight, 1 / sampling.temperature)) }
    }

    private mutating func draw(_ choices: [(token: Int32, weight: Double)]) -> Int32 {
        var rest = unit() * choices.reduce(0) { $0 + $1.weight }
        for choice in choices {
            rest -= choice.weight
            if rest < 0 { return choice.token }
        }
        return choices[choices.count - 1].token
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), the upper 53 bits as a number in 0 ..< 1.
    private mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var x = state
        x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
        x ^= x >> 31
        return Double(x >> 11) * 0x1p-53
    }
}
