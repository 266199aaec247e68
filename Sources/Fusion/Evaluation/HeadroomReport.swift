// Should these models be fused at all? Accuracies side by side, the ceiling of picking one answer, and paired tests
// against the best single model (cool-fusion.md section 9).

public struct HeadroomReport: Sendable {
    public struct Row: Sendable {
        public var name: String
        public var correct = 0
        public var tokens = 0
        public var seconds = 0.0
    }

    public private(set) var problems = 0
    public private(set) var rows: [Row]
    /// Problems that at least one model solved alone.
    public private(set) var anyCorrect = 0
    /// Per contender, problems only it solved, and only the other, for every other contender.
    private var onlyFirst: [[Int]]

    public init(_ contenders: [String]) {
        rows = contenders.map { Row(name: $0) }
        onlyFirst = contenders.map { _ in contenders.map { _ in 0 } }
    }

    /// Adds one problem's outcome, in the order of the contenders.
    public mutating func add(_ outcome: [(isCorrect: Bool, tokens: Int, seconds: Double)]) {
        precondition(outcome.count == rows.count, "one outcome per contender")
        problems += 1
        var solved = false
        for (index, attempt) in outcome.enumerated() {
            rows[index].correct += attempt.isCorrect ? 1 : 0
            rows[index].tokens += attempt.tokens
            rows[index].seconds += attempt.seconds
            solved = solved || (attempt.isCorrect && rows[index].name.hasPrefix("solo:"))
            for (other, rival) in outcome.enumerated() where attempt.isCorrect && !rival.isCorrect {
                onlyFirst[index][other] += 1
            }
        }
        anyCorrect += solved ? 1 : 0
    }

    public func accuracy(_ correct: Int) -> Double { problems == 0 ? 0 : Double(correct) / Double(problems) }

    /// The single model that solved most; nil without any.
    public var bestSolo: Int? {
        rows.indices.filter { rows[$0].name.hasPrefix("solo:") }.max { rows[$0].correct < rows[$1].correct }
    }

    /// How many problems only a contender solved, and only another.
    public func split(_ index: Int, versus other: Int) -> (onlyFirst: Int, onlySecond: Int) {
        (onlyFirst[index][other], onlyFirst[other][index])
    }

    /// p of the exact McNemar test of a contender against another.
    public func p(_ index: Int, versus other: Int) -> Double {
        Statistics.mcNemar(onlyFirst: onlyFirst[index][other], onlySecond: onlyFirst[other][index])
    }

    /// One sentence on whether the default strategy is worth it, from the paired test at 5 %.
    public var verdict: String {
        guard problems > 0, let best = bestSolo, let fused = rows.firstIndex(where: { $0.name == "default" }) else {
            return "Nothing was compared."
        }
        let gain = 100 * (accuracy(rows[fused].correct) - accuracy(rows[best].correct))
        let amount = "\(Int(abs(gain).rounded())) points"
        if p(fused, versus: best) >= 0.05 {
            return "No: fusing makes no difference that \(problems) problems could show against \(rows[best].name)."
        }
        return gain > 0
            ? "Yes: fusing solves \(amount) more than the best single model, \(rows[best].name)."
            : "No: fusing solves \(amount) less than the best single model, \(rows[best].name)."
    }
}
