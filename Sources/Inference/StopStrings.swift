// Cuts a growing text at the first stop string, and holds back what may still become one.
// Bytes in, bytes out: stop strings are found across the borders of tokens and segments.

public struct StopStrings: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// True once a stop string was found; everything after it is dropped.
    public private(set) var isStopped = false

    /// Empty strings stop nothing.
    public init(_ strings: [String]) { stops = strings.map { Array($0.utf8) }.filter { !$0.isEmpty } }

    /// Takes the next bytes and gives back those that are certainly part of the text.
    public mutating func append(_ bytes: [UInt8]) -> [UInt8] {
        if isStopped { return [] }
        held += bytes
        for start in held.indices where stops.contains(where: { held[start...].starts(with: $0) }) {
            isStopped = true
            return take(start, keeping: false)
        }
        let start = held.indices.first { start in
            stops.contains { $0.count > held.count - start && $0.starts(with: held[start...]) }
        }
        return take(start ?? held.count, keeping: true)
    }

    /// What was held back, once no more text will come.
    public mutating func finish() -> [UInt8] { isStopped ? [] : take(held.count, keeping: false) }

    private mutating func take(_ count: Int, keeping: Bool) -> [UInt8] {
        let shown = Array(held[..<count])
        held = keeping ? Array(held[count...]) : []
        return shown
    }
}
