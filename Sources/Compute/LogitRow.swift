// One row of the head's output, kept beyond its pass: what may follow a prefix. Who chooses greedily or scores asks for the
// largest logit, the normaliser and a few logits; only who draws or adjusts needs all of them.
// One idea: a row lies where its backend keeps it. On a host it is an array; on a device it stays there, and the answers are
// a few bytes. Host rows answer in double precision: the definition that sampling, scoring and fusion share.

import Glibc

public protocol LogitRow: Sendable {
    /// How many logits: the size of the vocabulary.
    var count: Int { get }
    /// False if a logit is NaN or infinite; `argmax` and `logSumExp` are then of no use.
    var isFinite: Bool { get }
    /// The largest logit's index; ties to the lowest.
    var argmax: Int32 { get }
    /// log(sum(exp(logits)))
    var logSumExp: Double { get }
    /// All logits.
    func values() throws(ComputeError) -> [Float]
    /// The logits of tokens inside the row.
    func values(of tokens: [Int32]) throws(ComputeError) -> [Float]
}

extension LogitRow {
    /// Natural log-probabilities, full softmax; -infinity for an id outside the row.
    public func logProbabilities(of tokens: [Int32]) throws(ComputeError) -> [Double] {
        let inside = tokens.filter { $0 >= 0 && $0 < count }
        if inside.isEmpty { return tokens.map { _ in -.infinity } }
        let normalizer = logSumExp
        var found = try values(of: inside)[...]
        return tokens.map { $0 >= 0 && $0 < count ? Double(found.removeFirst()) - normalizer : -.infinity }
    }
}

/// A row in the host's memory, not empty.
public struct HostLogits: LogitRow {
    private let logits: [Float]
    public let argmax: Int32
    public let isFinite: Bool

    public init(_ logits: [Float]) {
        self.logits = logits
        argmax = Compute.argmax(logits)
        isFinite = allAreFinite(logits)
    }

    public var count: Int { logits.count }
    public var logSumExp: Double {
        let largest = Double(logits[Int(argmax)])
        var sum = 0.0
        for logit in logits { sum += exp(Double(logit) - largest) }
        return largest + log(sum)
    }
    public func values() -> [Float] { logits }
    public func values(of tokens: [Int32]) -> [Float] { tokens.map { logits[Int($0)] } }
}

/// The largest logit's index; ties to the lowest, NaN is never it. 0 for no logits.
public func argmax(_ logits: [Float]) -> Int32 {
    // In each of eight lanes the first of its largest.
    var largest = SIMD8<Float>(repeating: -.infinity)
    var places = SIMD8<Int32>(repeating: 0)
    var here = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
    logits.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count & ~31, by: 32) {
            let values = bytes.loadUnaligned(fromByteOffset: start, as: SIMD8<Float>.self)
            let isLarger = values .> largest
            largest.replace(with: values, where: isLarger)
            places.replace(with: here, where: isLarger)
            here &+= 8
        }
    }
    var best = (logit: -Float.infinity, place: Int32(0))
    for lane in 0..<8 where (largest[lane], best.place) > (best.logit, places[lane]) {
        best = (largest[lane], places[lane])
    }
    for place in logits.indices.suffix(logits.count & 7) where logits[place] > best.logit {
        best = (logits[place], Int32(place))
    }
    return best.place
}

private func allAreFinite(_ values: [Float]) -> Bool {
    // v * 0 is 0 for finite v and NaN otherwise; NaN survives a sum. Eight sums at once: a vocabulary is long.
    var sums = SIMD8<Float>(repeating: 0)
    values.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count & ~31, by: 32) {
            sums += bytes.loadUnaligned(fromByteOffset: start, as: SIMD8<Float>.self) * 0
        }
    }
    return values.suffix(values.count & 7).reduce(sums.sum()) { $0 + $1 * 0 } == 0
}
