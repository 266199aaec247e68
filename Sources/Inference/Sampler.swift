// Chooses the next token from logits. The chain, in this order: logit bias; repeat, frequency and presence penalties;
// (temperature 0 ends here with the largest logit, ties to the lowest id); top-k; typical-p; top-p; min-p; temperature;
// the draw. Every probability filter sees the probabilities of what the filter before it left, before temperature.
//
// The same seed and the same logits draw the same tokens on every machine: nothing here but IEEE additions,
// multiplications and divisions in a fixed order (the C library's exp differs between machines in the last bit).
// A vocabulary is never sorted whole unless a filter asks for all of it.

import Compute

public struct Sampler: Sendable {
    public let sampling: Sampling
    private var state: UInt64

    public init(_ sampling: Sampling = .init()) throws(InferenceError) {
        try sampling.check()
        self.init(checked: sampling)
    }

    private init(checked sampling: Sampling) {
        self.sampling = sampling
        state = sampling.seed
    }

    /// The most likely token, always.
    public static let greedy = Sampler(checked: Sampling())

    /// The next token after `recent` and its log-probability (natural, full softmax before any filter). The row is read whole
    /// only where more than its largest logit matters.
    public mutating func next(_ row: any LogitRow, recent: [Int32]) throws(InferenceError)
        -> (token: Int32, logprob: Double)
    {
        try carrying { () throws(ComputeError) in
            if sampling.isGreedy {
                let best = row.argmax
                return (best, try row.logProbabilities(of: [best])[0])
            }
            let logits = try row.values()
            let token = next(logits, recent: recent)
            return (token, Double(logits[Int(token)]) - row.logSumExp)
        }
    }

    /// The next token after `recent`; `logits` is not empty.
    public mutating func next(_ logits: [Float], recent: [Int32]) -> Int32 {
        let logits = adjusted(logits, recent)
        if sampling.temperature == 0 || sampling.topK == 1 { return argmax(logits) }
        return draw(filtered(logits))
    }

    /// The token that `place` draws into a sequence (from 0) would give, whatever was drawn before.
    public func next(_ row: any LogitRow, recent: [Int32], at place: Int) throws(InferenceError)
        -> (token: Int32, logprob: Double)
    {
        var sequence = self
        sequence.state = sampling.seed &+ UInt64(truncatingIfNeeded: place) &* Self.step
        return try sequence.next(row, recent: recent)
    }

    /// Logits after bias and penalties.
    func adjusted(_ logits: [Float], _ recent: [Int32]) -> [Float] {
        var logits = logits
        for (token, bias) in sampling.logitBias where logits.indices.contains(Int(token)) {
            logits[Int(token)] += Float(bias)
        }
        guard sampling.looksBack else { return logits }
        var counts: [Int32: Int] = [:]
        for token in recent.suffix(sampling.repeatLast) where logits.indices.contains(Int(token)) {
            counts[token, default: 0] += 1
        }
        let factor = Float(sampling.repeatPenalty)
        for (token, count) in counts {
            let logit = logits[Int(token)]
            let scaled = logit > 0 ? logit / factor : logit * factor
            logits[Int(token)] =
                scaled - Float(sampling.presencePenalty) - Float(count) * Float(sampling.frequencyPenalty)
        }
        return logits
    }

    struct Choice {
        var token: Int32
        /// Logit less the largest one.
        var logit: Double
        /// Proportional to the probability.
        var weight: Double
    }

    /// The tokens left by the filters, most likely first (all of them: in the order of their ids), with the weights to
    /// draw by; never empty.
    func filtered(_ logits: [Float]) -> [Choice] {
        let largest = Double(logits[Int(argmax(logits))])
        guard largest.isFinite else { return [Choice(token: argmax(logits), logit: 0, weight: 1)] }
        func choice(_ token: Int32) -> Choice {
            let logit = Double(logits[Int(token)]) - largest
            return Choice(token: token, logit: logit, weight: exponential(logit))
        }
        let all = Int32(logits.count)
        var kept: [Choice]
        if sampling.topK > 0 && sampling.topK < logits.count {
            kept = Self.largest(sampling.topK, of: logits).map(choice)
        } else if sampling.typicalP < 1 {
            kept = (0..<all).map(choice).sorted { ($0.logit, $1.token) > ($1.logit, $0.token) }
        } else if sampling.topP < 1 || sampling.minP > 0 {
            // Already cut by top-p, whose probabilities are those of the whole vocabulary.
            kept = head(logits, choice)
        } else {
            kept = (0..<all).map(choice)
        }
        if sampling.typicalP < 1 { kept = Self.typical(kept, sampling.typicalP) }
        let isShort = sampling.topK > 0 && sampling.topK < logits.count || sampling.typicalP < 1
        if sampling.topP < 1 && isShort {
            kept = Self.nucleus(kept, of: kept.reduce(0) { $0 + $1.weight }, sampling.topP)
        }
        let floor = sampling.minP * (kept.map(\.weight).max() ?? 0)
        if floor > 0 { kept.removeAll { $0.weight < floor } }
        for index in kept.indices { kept[index].weight = exponential(kept[index].logit / sampling.temperature) }
        return kept
    }

    /// The head of the whole vocabulary that top-p and min-p can leave, without sorting the rest.
    private func head(_ logits: [Float], _ choice: (Int32) -> Choice) -> [Choice] {
        var total = 0.0
        for token in 0..<Int32(logits.count) { total += choice(token).weight }
        var count = 256
        while true {
            let head = Self.largest(min(count, logits.count), of: logits).map(choice)
            let isWhole = head.count == logits.count || (head.last?.weight ?? 0) < sampling.minP
            let nucleus = Self.nucleus(head, of: total, sampling.topP)
            if nucleus.count < head.count || isWhole || count >= logits.count { return nucleus }
            count *= 8
        }
    }

    /// The shortest head whose part of `total` reaches `share`.
    private static func nucleus(_ choices: [Choice], of total: Double, _ share: Double) -> [Choice] {
        var mass = 0.0
        let end = choices.firstIndex {
            mass += $0.weight
            return mass >= share * total
        }
        return Array(choices[...(end ?? choices.count - 1)])
    }

    /// Locally typical sampling (Meister et al. 2022): the tokens whose information is nearest to the entropy, until
    /// they hold `share` of the mass. Entropy and information differ from these sums by the same log of the total.
    private static func typical(_ choices: [Choice], _ share: Double) -> [Choice] {
        let total = choices.reduce(0) { $0 + $1.weight }
        // Of weight 0 (a logit of -infinity): nothing.
        let mean = choices.reduce(0) { $0 + ($1.weight > 0 ? $1.weight * $1.logit : 0) } / total
        let nearest = choices.sorted {
            let (a, b) = (abs(mean - $0.logit), abs(mean - $1.logit))
            return a != b ? a < b : $0.token < $1.token
        }
        return nucleus(nearest, of: total, share).sorted { ($0.logit, $1.token) > ($1.logit, $0.token) }
    }

    /// The `count` largest logits' ids, descending, ties to the lower id: a short list that is sorted whenever it has
    /// doubled. Logits of -infinity are never among them.
    static func largest(_ count: Int, of logits: [Float]) -> [Int32] {
        func isBefore(_ a: Int32, _ b: Int32) -> Bool { (logits[Int(a)], b) > (logits[Int(b)], a) }
        var best: [Int32] = []
        var floor = -Float.infinity
        for token in logits.indices where logits[token] > floor {
            best.append(Int32(token))
            if best.count == 2 * count {
                best.sort(by: isBefore)
                best.removeLast(count)
                floor = logits[Int(best[count - 1])]
            }
        }
        best.sort(by: isBefore)
        return Array(best.prefix(count))
    }

    private mutating func draw(_ choices: [Choice]) -> Int32 {
        var rest = unit() * choices.reduce(0) { $0 + $1.weight }
        for choice in choices {
            rest -= choice.weight
            if rest < 0 { return choice.token }
        }
        return choices.last { $0.weight > 0 }?.token ?? choices[0].token
    }

    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// SplitMix64 (Steele, Lea, Flood 2014), the upper 53 bits as a number in 0 ..< 1.
    private mutating func unit() -> Double {
        state &+= Self.step
        var x = state
        x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
        x ^= x >> 31
        return Double(x >> 11) * 0x1p-53
    }
}

/// e to the power of `x` <= 0, within a few units in the last place, the same bits on every machine: Cody and Waite's
/// reduction to |r| <= ln 2 / 2 and the series up to r^13 / 13!.
func exponential(_ x: Double) -> Double {
    guard x > -700 else { return 0 }
    let k = (x * 1.4426950408889634).rounded()
    let r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33
    var sum = 1.0
    for n in stride(from: 13.0, through: 1, by: -1) { sum = 1 + sum * r / n }
    return Double(sign: .plus, exponent: Int(k), significand: sum)
}
