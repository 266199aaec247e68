// The journal of an evaluation: one JSON line a problem, written whole before the next is begun. A run that was killed
// goes on from it; no problem is repeated or lost. The first line says what it belongs to. A crash of the machine itself
// costs half a minute at most: the disk is waited for twice a minute, not after each line, which can take seconds.
import FoundationEssentials
import Fusion
import Glibc

final class EvalJournal {
    private let path: String
    private let descriptor: Int32
    private var synced = ContinuousClock.now
    /// Outcomes already in the file, by problem.
    private(set) var finished: [Int: [Attempt]] = [:]

    /// Opens or begins a journal. `header` names task, models and options; a journal with another one is refused.
    init(_ path: String, header: JSON, contenders: [String]) throws(CommandError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .output("'\(path)'", errno) }
        let known = try readBytes(path)
        var lines = known.split(separator: 0x0A, omittingEmptySubsequences: false)
        // What a killed run left unfinished has no line end.
        let partial = lines.popLast() ?? []
        if !partial.isEmpty, ftruncate(descriptor, off_t(known.count - partial.count)) != 0 {
            throw .output("'\(path)'", errno)
        }
        guard let first = lines.first else {
            try write(header)
            return
        }
        let text = String(decoding: first, as: UTF8.self)
        guard text == header.text else {
            let differing = header.members.filter { !text.contains("\(JSON.string($0.key).text):\($0.value.text)") }
            let keys = differing.map(\.key).joined(separator: ", ")
            throw .badData(
                "the journal '\(path)' belongs to another run (different: \(keys)): it says \(text), this run is \(header.text)"
            )
        }
        for (number, line) in lines.dropFirst().enumerated() {
            guard let (index, attempts) = EvalJournal.entry(Data(line), contenders) else {
                throw .badData("the journal '\(path)', line \(number + 2), is damaged")
            }
            finished[index] = attempts
        }
    }

    deinit {
        fdatasync(descriptor)
        close(descriptor)
    }

    /// Records a problem's outcome; it is in the file when this returns.
    func record(_ index: Int, _ attempts: [Attempt], _ contenders: [String]) throws(CommandError) {
        try write([
            "problem": .integer(index),
            "attempts": .object(
                zip(contenders, attempts).map { name, attempt in
                    (
                        name,
                        .object(
                            [
                                ("correct", .bool(attempt.isCorrect)),
                                ("parsed", attempt.parsed.map { .string($0) } ?? .null),
                                ("tokens", .integer(attempt.tokens)), ("seconds", .number(attempt.seconds)),
                                ("text", .string(attempt.text)),
                            ] + (attempt.bits.map { [("bits", .number($0))] } ?? []))
                    )
                }),
        ])
    }

    private func write(_ line: JSON) throws(CommandError) {
        var text = line.text + "\n"
        var code = text.withUTF8 { writeAll(descriptor, UnsafeRawBufferPointer($0)) }
        if code == 0, ContinuousClock.now - synced > .seconds(30) {
            if fdatasync(descriptor) != 0 { code = errno }
            synced = ContinuousClock.now
        }
        if code != 0 { throw .output("'\(path)'", code) }
    }

    /// A line of the journal, as `record` writes it.
    private struct Entry: Decodable {
        struct Outcome: Decodable {
            var correct: Bool
            var parsed: String?
            var tokens: Int
            var seconds: Double
            var text: String
            var bits: Double?
        }

        var problem: Int
        var attempts: [String: Outcome]
    }

    private static func entry(_ line: Data, _ contenders: [String]) -> (Int, [Attempt])? {
        guard let entry = try? JSONDecoder().decode(Entry.self, from: line) else { return nil }
        let attempts = contenders.compactMap { name in
            entry.attempts[name].map {
                Attempt(
                    text: $0.text, parsed: $0.parsed, isCorrect: $0.correct, tokens: $0.tokens, seconds: $0.seconds,
                    bits: $0.bits)
            }
        }
        return attempts.count == contenders.count ? (entry.problem, attempts) : nil
    }
}
