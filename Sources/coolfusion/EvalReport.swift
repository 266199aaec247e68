// The headroom report as a table for people and as the JSON of the command line's contract; the progress of a run.
import Fusion
import Inference

/// The report of a task, whole and by the label of the problems where the task has labels.
struct LabelledReport {
    let contenders: [String]
    /// Problems of the task; an interrupted run has done fewer.
    let planned: Int
    private(set) var whole: HeadroomReport
    /// In the order of their first problem.
    private(set) var labels: [String] = []
    private var parts: [String: HeadroomReport] = [:]

    init(contenders: [String], planned: Int) {
        self.contenders = contenders
        self.planned = planned
        whole = HeadroomReport(contenders)
    }

    mutating func add(_ attempts: [Attempt], label: String?) {
        let outcome = attempts.map { (isCorrect: $0.isCorrect, tokens: $0.tokens, seconds: $0.seconds) }
        whole.add(outcome)
        guard let label else { return }
        if parts[label] == nil { labels.append(label) }
        parts[label, default: HeadroomReport(contenders)].add(outcome)
    }

    func json(task: String, models: [Model]) -> JSON {
        let byLabel = labels.compactMap { label in
            parts[label].map { part -> JSON in
                [
                    "label": .string(label), "problems": .integer(part.problems),
                    "any_correct": .integer(part.anyCorrect),
                    "correct": .object(part.rows.map { ($0.name, .integer($0.correct)) }),
                ]
            }
        }
        var members: [(String, JSON)] = [("task", .string(task))]
        members += whole.members
        members += [
            ("planned", .integer(planned)), ("models", .array(models.map(FuseReport.model))),
        ]
        if !byLabel.isEmpty { members.append(("labels", .array(byLabel))) }
        return .object(members)
    }
}

extension HeadroomReport {
    private static func interval(_ correct: Int, of problems: Int) -> JSON {
        let interval = Statistics.interval(successes: correct, trials: problems)
        return .array([.number(interval.lower), .number(interval.upper)])
    }

    fileprivate var members: [(String, JSON)] {
        let tested = rows.indices.filter { !rows[$0].name.hasPrefix("solo:") }
        return [
            ("problems", .integer(problems)),
            (
                "strategies",
                .object(
                    rows.map { row in
                        (
                            row.name,
                            [
                                "correct": .integer(row.correct), "accuracy": .number(accuracy(row.correct)),
                                "interval": Self.interval(row.correct, of: problems),
                                "seconds": .number(row.seconds), "tokens": .integer(row.tokens),
                            ]
                        )
                    })
            ),
            (
                "any_correct",
                [
                    "correct": .integer(anyCorrect), "accuracy": .number(accuracy(anyCorrect)),
                    "interval": Self.interval(anyCorrect, of: problems),
                ]
            ),
            ("mcnemar", .object(bestSolo.map { best in tested.map { (rows[$0].name, test($0, versus: best)) } } ?? [])),
            ("verdict", .string(verdict)),
        ]
    }

    private func test(_ index: Int, versus other: Int) -> JSON {
        let split = split(index, versus: other)
        return [
            "versus": .string(rows[other].name), "p": .number(p(index, versus: other)),
            "only_this": .integer(split.onlyFirst), "only_versus": .integer(split.onlySecond),
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
