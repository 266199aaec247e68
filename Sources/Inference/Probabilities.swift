// Log-probabilities and argmax of one row of logits, in double precision: the definition that sampling,
// scoring and fusion share.

import Glibc

/// The largest logit's index; ties to the lowest. 0 for no logits.
public func argmax(_ logits: [Float]) -> Int32 {
    var best = 0
    var largest = -Float.infinity
    for index in logits.indices where logits[index] > largest { (best, largest) = (index, logits[index]) }
    return Int32(best)
}

/// log sum exp of the logits.
public func logSumExp(_ logits: [Float]) -> Double {
    let largest = Double(logits.max() ?? 0)
    var sum = 0.0
    for logit in logits { sum += exp(Double(logit) - largest) }
    return largest + log(sum)
}

/// Natural log-probability of `token`, full softmax; -infinity for an id outside the row.
public func logProbability(of token: Int32, in logits: [Float]) -> Double {
    guard logits.indices.contains(Int(token)) else { return -.infinity }
    return Double(logits[Int(token)]) - logSumExp(logits)
}
