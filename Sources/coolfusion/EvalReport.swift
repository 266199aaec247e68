// The headroom report as a table for people and as the JSON of the command line's contract; the progress of a run.
import Fusion

extension HeadroomReport {
    func json(task: String) -> JSON {
        let interval = Statistics.interval(successes: anyCorrect, trials: problems)
        let tested = rows.indices.filter { !rows[$0].name.hasPrefix("solo:") }
        return [
            "task": .string(task), "problems": .integer(problems),
            "strategies": .object(
                rows.map { row in
                    (
                        row.name,
                        [
                            "correct": .integer(row.correct), "accuracy": .number(accuracy(row.correct)),
                            "seconds": .number(row.seconds), "tokens": .integer(row.tokens),
                        ]
                    )
                }),
            "any_correct": [
                "accuracy": .number(accuracy(anyCorrect)),
                "interval": .array([.number(interval.lower), .number(interval.upper)]),
            ],
            "mcnemar": .object(
                bestSolo.map { best in
                    tested.map {
                        (rows[$0].name, ["versus": .string(rows[best].name), "p": .number(p($0, versus: best))])
                    }
                } ?? []),
            "verdict": .string(verdict),
        ]
    }

    func table(task: String) -> String {
        let interval = Statistics.interval(successes: anyCorrect, trials: problems)
        var text =
            "\(task), \(problems) problems\n\n| | correct | accuracy | p against the best alone | tokens | seconds |\n"
        text += "|---|--:|--:|--:|--:|--:|\n"
        for (index, row) in rows.enumerated() {
            let isSolo = row.name.hasPrefix("solo:")
            let tested = isSolo ? nil : bestSolo.map { decimals(p(index, versus: $0), 4) }
            text += "| \(row.name)\(index == bestSolo ? " (best alone)" : "") | \(row.correct) "
            text +=
                "| \(decimals(100 * accuracy(row.correct), 1)) % | \(tested ?? "") | \(row.tokens) | \(decimals(row.seconds, 1)) |\n"
        }
        text += "\nAny model alone is right: \(decimals(100 * accuracy(anyCorrect), 1)) % "
        text += "(95 % interval \(decimals(100 * interval.lower, 1)) to \(decimals(100 * interval.upper, 1))): "
        return text + "the most that picking one of their answers could reach.\n\(verdict)\n"
    }
}

/// Problems done and the time left, on a terminal.
struct EvalProgress {
    private let total: Int
    private var done: Int
    private let known: Int
    private var line: ProgressLine
    private let start = ContinuousClock.now

    /// `known` problems were finished before the run began.
    init(total: Int, known: Int, quiet: Bool) {
        (self.total, self.known, done) = (total, known, known)
        line = ProgressLine(quiet: quiet)
    }

    mutating func step() {
        done += 1
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let left = seconds / Double(max(done - known, 1)) * Double(total - done)
        let text = "\(done) of \(total) problems, about \(decimals(left, 0)) s left"
        line.show(text)
    }
}
