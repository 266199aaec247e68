// A labelled task as JSON lines; the built-in one needs no file. All lines of a task are of one kind:
// {"question": ..., "answer": ...}, {"question": ..., "choices": [...], "answer": ...} or {"text": ...}.
import ArgumentParser
import DemoModels
import FoundationEssentials
import Fusion

struct EvalTask {
    struct Problem {
        /// Line in the file, from 1.
        var line: Int
        var question: String
        var answer: String
        /// The kind of problem, where the file says one.
        var label: String?
        /// Empty: the answer is written.
        var choices: [String] = []
    }

    /// What is asked of the models.
    enum Kind: String {
        case answers = "question and answer"
        case choices = "question, choices and answer"
        case text
    }

    var name: String
    var kind: Kind?
    var problems: [Problem]
    /// FNV-1a of the file's bytes: what a journal belongs to.
    var fingerprint: String
    /// Lines that are no problem, each as a sentence.
    var complaints: [String] = []

    /// "demo": the built-in held-out problems; else a file.
    init(_ name: String) throws(CommandError) {
        if name == "demo" {
            var count = 0
            let bytes = demo_problems(&count)
            self.init(name: name, Data(UnsafeRawBufferPointer(start: bytes, count: count)))
        } else {
            self.init(name: name, Data(try readBytes(name)))
        }
    }

    private init(name: String, _ data: Data) {
        self.name = name
        problems = []
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in data { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        fingerprint = String(hash, radix: 16)
        for (index, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            if let complaint = add(Data(line), line: index + 1) {
                complaints.append("'\(name)', line \(index + 1): \(complaint)")
            }
        }
    }

    /// Adds a line; what is wrong with it, if anything.
    private mutating func add(_ line: Data, line number: Int) -> String? {
        guard let row = try? JSONDecoder().decode(EvalRow.self, from: line) else {
            return "not an object with \"question\" and \"answer\", or \"text\""
        }
        if let kind, kind != row.kind {
            return "it has \(row.kind.rawValue), the lines before have \(kind.rawValue)"
        }
        var problem = Problem(
            line: number, question: row.question, answer: row.answer, label: row.label, choices: row.choices)
        if row.kind == .choices {
            guard let right = row.rightChoice else {
                return "its answer \(JSON.string(row.answer).text) is none of its \(row.choices.count) choices"
            }
            problem.answer = String(right)
        }
        kind = row.kind
        problems.append(problem)
        return nil
    }
}

/// A line of a task.
private struct EvalRow: Decodable {
    var kind: EvalTask.Kind
    var question: String
    var answer: String
    var label: String?
    var choices: [String]

    /// Members that say what kind a problem is; the first one there counts.
    private enum LabelKey: String, CodingKey, CaseIterable { case label, family, category, subject, type, level }
    private enum CodingKeys: CodingKey { case question, answer, choices, text }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        if members.contains(.text) {
            (kind, question, choices) = (.text, "", [])
            answer = try members.decode(String.self, forKey: .text)
        } else {
            question = try members.decode(String.self, forKey: .question)
            answer = try members.decode(Scalar.self, forKey: .answer).text
            choices = try members.decodeIfPresent([Scalar].self, forKey: .choices)?.map(\.text) ?? []
            kind = choices.isEmpty ? .answers : .choices
        }
        let labels = try decoder.container(keyedBy: LabelKey.self)
        label = LabelKey.allCases.lazy.compactMap { try? labels.decode(Scalar.self, forKey: $0) }.first?.text
    }

    /// The answer as the text of a choice, as its letter, or as its number from 0.
    var rightChoice: Int? {
        if let place = choices.firstIndex(of: answer) { return place }
        if let place = Int(answer), choices.indices.contains(place) { return place }
        guard let letter = answer.unicodeScalars.first, answer.unicodeScalars.count == 1 else { return nil }
        let place = Int(letter.value) - 0x41
        return choices.indices.contains(place) ? place : nil
    }

    /// A text, or a number as it is written.
    private struct Scalar: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                text = String(number)
            } else if let number = try? value.decode(Double.self) {
                text = String(number)
            } else {
                text = try value.decode(String.self)
            }
        }
    }
}

/// How an answer is read.
enum ParsingRule: String, CaseIterable, ExpressibleByArgument {
    /// The number after "####", else the last number.
    case gsm8k
    case lastNumber = "last-number"
    /// The first line without white space around it.
    case exact

    var parse: @Sendable (String) -> String? {
        switch self {
        case .gsm8k: finalNumber
        case .lastNumber: FusionOptions().parse
        case .exact:
            { text in
                let line = text.split(separator: "\n").first.map { line in
                    let rest = line.drop(while: \.isWhitespace)
                    return rest.lastIndex { !$0.isWhitespace }.map { String(rest[...$0]) } ?? ""
                }
                return line.flatMap { $0.isEmpty ? nil : $0 }
            }
        }
    }
}
