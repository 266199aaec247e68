// A labelled task as JSON lines, {"question": ..., "answer": ...} each; the built-in one needs no file.
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
    }

    var name: String
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
            if let row = try? JSONDecoder().decode(Row.self, from: Data(line)) {
                problems.append(
                    Problem(
                        line: index + 1, question: row.question, answer: row.answer.text,
                        label: row.label?.text))
            } else {
                complaints.append("'\(name)', line \(index + 1): not an object with \"question\" and \"answer\"")
            }
        }
    }

    private struct Row: Decodable {
        var question: String
        var answer: Scalar
        var label: Scalar?

        /// Members that say what kind a problem is; the first one there counts.
        private enum LabelKey: String, CodingKey, CaseIterable { case label, family, category, subject, type, level }
        private enum CodingKeys: CodingKey { case question, answer }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            question = try members.decode(String.self, forKey: .question)
            answer = try members.decode(Scalar.self, forKey: .answer)
            let labels = try decoder.container(keyedBy: LabelKey.self)
            label = LabelKey.allCases.lazy.compactMap { try? labels.decode(Scalar.self, forKey: $0) }.first
        }
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
        case .lastNumber: Fusion.lastNumber
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
