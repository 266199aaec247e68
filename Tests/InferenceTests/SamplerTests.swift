// Sampling and stop strings without any model.

import Foundation
import Testing

@testable import Inference

@Test func greedyTiesGoToTheLowestId() throws {
    var sampler = try Sampler()
    #expect(sampler.next([0, 3, 3, 1], recent: []) == 1)
    #expect(sampler.next([-.infinity, -5], recent: []) == 1)
}

@Test func repeatedTokensArePenalised() throws {
    var sampling = Sampling()
    sampling.repeatPenalty = 2
    var sampler = try Sampler(sampling)
    #expect(sampler.next([3, 2], recent: []) == 0)
    #expect(sampler.next([3, 2], recent: [0]) == 1)
    #expect(sampler.next([-1, -1.5], recent: [0]) == 1)
}

@Test func frequenciesFollowTheProbabilities() throws {
    var sampling = Sampling()
    (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (1, 0, 1, 0)
    sampling.seed = 7
    var sampler = try Sampler(sampling)
    let probabilities = [0.5, 0.3, 0.2]
    var counts = [0, 0, 0]
    let draws = 20_000
    for _ in 0..<draws { counts[Int(sampler.next(probabilities.map { Float(log($0)) }, recent: []))] += 1 }
    for (count, probability) in zip(counts, probabilities) {
        // Four standard deviations.
        let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
        #expect(abs(Double(count) - Double(draws) * probability) < 4 * deviation)
    }
}

@Test func filtersKeepTheLikely() throws {
    func drawn(_ change: (inout Sampling) -> Void) throws -> Set<Int32> {
        var sampling = Sampling()
        (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (1, 0, 1, 0)
        change(&sampling)
        var sampler = try Sampler(sampling)
        let logits = [0.4, 0.3, 0.2, 0.1].map { Float(log($0)) }
        return Set((0..<500).map { _ in sampler.next(logits, recent: []) })
    }
    #expect(try drawn { _ in } == [0, 1, 2, 3])
    #expect(try drawn { $0.topK = 2 } == [0, 1])
    #expect(try drawn { $0.topP = 0.65 } == [0, 1])
    #expect(try drawn { $0.minP = 0.45 } == [0, 1, 2])
}

/// The distribution left by the filters over 0.4, 0.3, 0.2, 0.1, by hand: tokens and probabilities.
@Test func filtersLeaveTheseDistributions() throws {
    func check(_ tokens: [Int32], _ probabilities: [Double], _ change: (inout Sampling) -> Void) throws {
        var sampling = Sampling()
        (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (1, 0, 1, 0)
        change(&sampling)
        let logits: [Float] = [0.4, 0.3, 0.2, 0.1].map { Float(log($0)) }
        let choices = try Sampler(sampling).filtered(logits)
        let sum = choices.reduce(0) { $0 + $1.weight }
        #expect(choices.map(\.token) == tokens)
        for (choice, wanted) in zip(choices, probabilities) { #expect(abs(choice.weight / sum - wanted) < 1e-6) }
    }
    // Entropy 1.2799; information 0.916, 1.204, 1.609, 2.303: nearest first 1, 2, 0, 3.
    try check([1], [1]) { $0.typicalP = 0.25 }
    try check([1, 2], [0.6, 0.4]) { $0.typicalP = 0.45 }
    try check([0, 1, 2], [4.0 / 9, 3.0 / 9, 2.0 / 9]) { $0.typicalP = 0.55 }
    try check([0, 1], [4.0 / 7, 3.0 / 7]) { $0.topP = 0.65 }
    try check([0, 1, 2], [4.0 / 9, 3.0 / 9, 2.0 / 9]) { $0.topK = 3 }
    // Top-p sees what top-k left: 0.4 of 0.7 is more than half.
    try check([0], [1]) { ($0.topK, $0.topP) = (2, 0.5) }
    try check([0, 1], [4.0 / 7, 3.0 / 7]) { $0.minP = 0.6 }
    // Temperature comes last: 1/2 squares the probabilities, after min-p has seen them as they were.
    try check([0, 1], [16.0 / 25, 9.0 / 25]) { ($0.minP, $0.temperature) = (0.6, 0.5) }
    try check([0, 1, 2, 3], [16.0 / 30, 9.0 / 30, 4.0 / 30, 1.0 / 30]) { $0.temperature = 0.5 }
}

@Test func biasAndPenaltiesByHand() throws {
    var sampling = Sampling()
    sampling.logitBias = [0: -.infinity, 2: 1.5, 99: 3, -1: 3]
    (sampling.repeatPenalty, sampling.presencePenalty, sampling.frequencyPenalty) = (2, 0.25, 0.5)
    sampling.repeatLast = 4
    let sampler = try Sampler(sampling)
    // Recent, as far as the window reaches: 1 twice, 3 once, 2 once.
    let logits = sampler.adjusted([5, 4, 1.5, -1, 2], [4, 1, 3, 2, 1])
    let expected: [Float] = [-.infinity, 0.75, 0.75, -2.75, 2]
    #expect(logits == expected)
    var choosing = sampler
    #expect(choosing.next([5, 1, 1, 1, 1], recent: []) == 2)
}

/// Partial selection finds what sorting finds, over vocabularies of many ties and in bad orders.
@Test(arguments: [1, 2, 40, 256, 2000]) func theLargestAreFoundWithoutSorting(count: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let vocabularies: [[Float]] = [
        (0..<2000).map { _ in Float(Int.random(in: 0..<50, using: &generator)) }, (0..<2000).map { Float($0) },
        (0..<2000).map { Float(-$0) }, [Float](repeating: 1, count: 2000),
        (0..<2000).map { $0 % 7 == 0 ? Float($0) : -.infinity },
    ]
    for logits in vocabularies {
        let sorted = logits.indices.filter { logits[$0].isFinite }.sorted { (logits[$0], $1) > (logits[$1], $0) }
        #expect(Sampler.largest(count, of: logits) == sorted.prefix(count).map { Int32($0) })
    }
}

/// Top-p over a whole vocabulary takes as much of it as it must, whether that is little or nearly all.
@Test(arguments: [0.5, 0.9, 0.999]) func topPNeedsNoTopK(share: Double) throws {
    for spread in [0.001, 3.0] {
        let logits = (0..<5000).map { Float(sin(Double($0 * $0)) * spread) }
        var sampling = Sampling()
        (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (1, 0, share, 0)
        let choices = try Sampler(sampling).filtered(logits)
        let weights = logits.map { exp(Double($0)) }.sorted(by: >)
        let total = weights.reduce(0, +)
        var mass = 0.0
        let wanted =
            weights.firstIndex {
                mass += $0 / total; return mass >= share
            } ?? weights.count - 1
        #expect(abs(choices.count - wanted - 1) <= 1)
        #expect(zip(choices, choices.dropFirst()).allSatisfy { $0.weight >= $1.weight })
    }
}

@Test func theOwnExponentialIsRight() {
    for step in 0...20_000 {
        let x = -Double(step) * 0.03513
        let (own, wanted) = (exponential(x), x > -700 ? exp(x) : 0)
        #expect(abs(own - wanted) <= 4 * wanted.ulp)
    }
    #expect(exponential(0) == 1 && exponential(-.infinity) == 0)
}

@Test func senselessSamplingIsRefused() {
    let changes: [(inout Sampling) -> Void] = [
        { $0.temperature = -1 }, { $0.temperature = .nan }, { $0.topP = 0 }, { $0.topP = 1.1 }, { $0.minP = -0.1 },
        { $0.typicalP = 0 }, { $0.typicalP = 1.5 }, { $0.presencePenalty = .nan }, { $0.frequencyPenalty = .infinity },
        { $0.logitBias = [1: .nan] }, { $0.logitBias = [1: .infinity] }, { $0.repeatPenalty = 0 }, { $0.topK = -1 },
        { $0.repeatLast = -1 },
    ]
    for change in changes {
        var sampling = Sampling()
        change(&sampling)
        #expect(throws: InferenceError.self) { try Sampler(sampling) }
    }
}

@Test(arguments: [
    (["END"], ["some", "E", "N", "D", "more"], "some"), (["END"], ["EN", "EN", "x"], "ENENx"),
    (["ab", "b"], ["xa", "b"], "x"), ([""], ["a"], "a"), (["aab"], ["a", "a", "a", "b"], "a"),
])
func stopStringsAreFoundAcrossPieces(stops: [String], pieces: [String], text: String) {
    var scanner = StopStrings(stops)
    var shown: [UInt8] = []
    for piece in pieces { shown += scanner.append(Array(piece.utf8)) }
    shown += scanner.finish()
    #expect(String(decoding: shown, as: UTF8.self) == text)
}
