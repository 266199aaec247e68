// Rows of logits on the host: which one is largest, what is finite, what stays.

import CKernels
import Glibc
import Testing

@testable import Compute

struct LogitRowTests {
    @Test func tiesGoToTheLowestToken() {
        #expect(HostLogits([1, 3, 2, 3]).argmax == 1)
        #expect(HostLogits([-2, -0.0, 0, -1]).argmax == 1)
        #expect(HostLogits([-7]).argmax == 0)
        #expect(HostLogits([-.greatestFiniteMagnitude, -.greatestFiniteMagnitude]).argmax == 0)
    }

    /// Two equal largest logits at any two places, of one lane or two, and among the last that fill no vector.
    @Test(arguments: [1, 2, 8, 9, 15, 16, 17, 40])
    func tiesGoToTheLowestTokenAnywhere(count: Int) {
        for first in 0..<count {
            for second in first..<count {
                var values = (0..<count).map { Float($0 % 5) - 7 }
                (values[first], values[second]) = (-1, -1)
                #expect(HostLogits(values).argmax == first)
                (values[first], values[second]) = (-0.0, 0)
                #expect(HostLogits(values).argmax == first)
            }
        }
        #expect(argmax([Float](repeating: -.infinity, count: count)) == 0)
        #expect(argmax([Float](repeating: .nan, count: count) + [-3, .nan]) == count)
    }

    /// The definition: every sum in order, from the largest logit.
    @Test(arguments: [1, 7, 8, 9, 1001])
    func theNormaliserHasTheBitsOfItsDefinition(count: Int) {
        var noise = Noise()
        let values = noise.floats(count, scale: 20)
        let largest = Double(values.max() ?? 0)
        let sum = values.reduce(0) { $0 + exp(Double($1) - largest) }
        #expect(HostLogits(values).logSumExp == largest + log(sum))
    }

    @Test(arguments: [1, 7, 8, 9, 31, 32, 33, 1001])
    func whatIsNotFiniteIsSeenAnywhere(count: Int) {
        #expect(HostLogits([Float](repeating: 3, count: count)).isFinite)
        for place in Set([0, count / 2, count - 1]) {
            for wrong in [Float.nan, .infinity, -.infinity] {
                var values = [Float](repeating: 3, count: count)
                values[place] = wrong
                #expect(!HostLogits(values).isFinite)
            }
        }
    }

    @Test func logProbabilitiesAreThoseOfTheSoftmax() throws {
        var noise = Noise()
        let values = noise.floats(999, scale: 20)
        let row = HostLogits(values)
        let found = try row.logProbabilities(of: [0, 999, 998, -1, 7])
        let sum = values.reduce(0) { $0 + exp(Double($1)) }
        for (logprob, token) in zip([found[0], found[2], found[4]], [0, 998, 7]) {
            #expect(abs(logprob - (Double(values[token]) - log(sum))) < 1e-12)
        }
        #expect(found[1] == -.infinity && found[3] == -.infinity)
    }

    @Test func keptRowsStayAsTheyAre() throws {
        let backend = try CPUBackend(threads: 2)
        let logits = try backend.tensor([1, 2, 3, 4, 5, 6, 9, 8, 7], 3, 3)
        let rows = try backend.keep([2, 0], of: logits)
        backend.write([Float](repeating: 0, count: 9), to: logits)
        #expect(try rows.map { try $0.values() } == [[9, 8, 7], [1, 2, 3]])
        #expect(rows.map(\.argmax) == [0, 2])
    }
}
