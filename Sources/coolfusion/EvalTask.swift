// A labelled task as JSON lines, {"question": ..., "answer": ...} each; the built-in one needs no file.
import ArgumentParser
import DemoModels
import Foundation
import Fusion

struct EvalTask {
    struct Problem {
        /// Line in the file, from 1.
        var line: Int
        var question: String
        var answer: String
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
            let object = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
            if let question = object?["question"] as? String, let answer = EvalTask.text(object?["answer"]) {
                problems.append(Problem(line: index + 1, question: question, answer: answer))
            } else {
                complaints.append("'\(name)', line \(index + 1): not an object with \"question\" and \"answer\"")
            }
        }
    }

    private static func text(_ value: Any?) -> String? {
        if let number = value as? NSNumber { return number.stringValue }
        return value as? String
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
                let line = text.split(separator: "\n").first.map { $0.trimmingCharacters(in: .whitespaces) }
                return line.flatMap { $0.isEmpty ? nil : $0 }
            }
        }
    }
}
