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

@Test func senselessSamplingIsRefused() {
    let changes: [(inout Sampling) -> Void] = [
        { $0.temperature = -1 }, { $0.temperature = .nan }, { $0.topP = 0 }, { $0.topP = 1.1 }, { $0.minP = -0.1 },
        { $0.repeatPenalty = 0 }, { $0.topK = -1 }, { $0.repeatLast = -1 },
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
