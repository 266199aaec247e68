// An evaluation's problems, several at once: each is a job, and what the jobs want of one model is computed in one batch.
// The answers are those of one problem after the other (Interleaver.swift).
import Fusion
import Inference

struct EvalRun {
    var models: [Model]
    var contest: Contest
    var kind: EvalTask.Kind
    /// In front of every question: worked examples.
    var preface: String
    /// With {question}.
    var format: String
    /// Problems at once.
    var parallel: Int

    /// The attempts at every problem, by place; `known` are not computed again, each new one is told to `finished` before
    /// the next begins. nil: not begun, because Ctrl-C was pressed. Throws the first error.
    func attempts(
        at problems: [EvalTask.Problem], known: [Int: [Attempt]], finished: (Int, [Attempt]) throws -> Void
    ) throws -> [[Attempt]?] {
        var attempts = problems.indices.map { known[$0] }
        var next = 0
        var failure: (any Error)?
        interleave(min(parallel, max(problems.count, 1))) { _ in
            while failure == nil, next < problems.count, !Interruption.isRequested {
                let index = next
                next += 1
                if attempts[index] != nil { continue }
                do {
                    let own = try self.attempts(at: problems[index])
                    try finished(index, own)
                    attempts[index] = own
                } catch {
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        return attempts
    }

    private func attempts(at problem: EvalTask.Problem) throws -> [Attempt] {
        let (text, question) = asked(problem)
        let sources = try models.map { model in
            try loading(model.path) {
                SessionSource(try Session(model: model), prompt: try prompt(text, for: model))
            }
        }
        return try contest.attempts(sources, question)
    }

    private func asked(_ problem: EvalTask.Problem) -> (prompt: String, Question) {
        let text = preface + Self.filled(format, problem.question)
        switch kind {
        case .answers: return (text, .open(expected: contest.parse(problem.answer)))
        case .choices:
            let choices = problem.choices.map { text.isEmpty ? $0 : " " + $0 }
            return (text, .choices(choices, right: Int(problem.answer) ?? -1))
        case .text: return ("", .text(problem.answer))
        }
    }

    /// A prompt with its question in place; "\n" written out is a line end.
    static func filled(_ format: String, _ question: String) -> String {
        format.replacing("\\n", with: "\n").replacing("{question}", with: question)
    }

    /// A question is put to a model of conversations as one; a text begins as it is.
    private func prompt(_ text: String, for model: Model) throws -> Prompt {
        kind == .text || model.chatTemplate == nil
            ? try model.rawPrompt(text) : try model.prompt([.init(role: "user", content: text)])
    }
}

/// Texts predicted: bits per byte of every contender. One idea: information adds up, so a task is one long text.
struct TextReport {
    struct Row {
        var name: String
        var bits = 0.0
        var bytes = 0
        /// Texts that nobody could predict: too long for the context, or not to be spelled.
        var left = 0
        var seconds = 0.0
    }

    private(set) var rows: [Row]
    private(set) var texts = 0

    init(_ contenders: [String]) { rows = contenders.map { Row(name: $0) } }

    mutating func add(_ attempts: [Attempt], bytes: Int) {
        texts += 1
        for (index, attempt) in attempts.enumerated() {
            rows[index].seconds += attempt.seconds
            guard let bits = attempt.bits else {
                rows[index].left += 1
                continue
            }
            rows[index].bits += bits
            rows[index].bytes += bytes
        }
    }

    private func bitsPerByte(_ row: Row) -> Double { row.bits / Double(max(row.bytes, 1)) }

    func json(task: String) -> JSON {
        [
            "task": .string(task), "problems": .integer(texts),
            "strategies": .object(
                rows.map { row in
                    (
                        row.name,
                        [
                            "bits_per_byte": .number(row.bytes == 0 ? .nan : bitsPerByte(row)),
                            "bytes": .integer(row.bytes), "left_out": .integer(row.left),
                            "seconds": .number(row.seconds),
                        ]
                    )
                }),
        ]
    }

    func table(task: String) -> String {
        var text =
            "\(task), \(texts) texts\n\n| | bits per byte | bytes | left out | seconds |\n|---|--:|--:|--:|--:|\n"
        for row in rows {
            let bits = row.bytes == 0 ? "" : decimals(bitsPerByte(row), 4)
            text += "| \(row.name) | \(bits) | \(row.bytes) | \(row.left) | \(decimals(row.seconds, 1)) |\n"
        }
        return text
    }
}
