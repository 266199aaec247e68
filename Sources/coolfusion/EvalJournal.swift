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
        // What a killed run left unfinished has no line end. It is cut off only where the rest is this run's journal.
        let partial = lines.popLast() ?? []
        guard let first = lines.first else {
            guard header.text.utf8.starts(with: known) else { throw .badData("'\(path)' is no journal") }
            try cut(to: 0)
            try write(header)
            return
        }
        try EvalJournal.compare(first, with: header, path)
        for (number, line) in lines.dropFirst().enumerated() {
            guard let (index, attempts) = EvalJournal.entry(Data(line), contenders) else {
                throw .badData("the journal '\(path)', line \(number + 2), is damaged")
            }
            finished[index] = attempts
        }
        if !partial.isEmpty { try cut(to: known.count - partial.count) }
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

    private func cut(to count: Int) throws(CommandError) {
        if ftruncate(descriptor, off_t(count)) != 0 { throw .output("'\(path)'", errno) }
    }

    /// Refuses a first line that is not this header, and says what differs.
    private static func compare(_ line: ArraySlice<UInt8>, with header: JSON, _ path: String) throws(CommandError) {
        if line.elementsEqual(header.text.utf8) { return }
        guard (try? JSONDecoder().decode(Header.self, from: Data(line))) != nil else {
            throw .badData("'\(path)' is no journal")
        }
        let differing = header.members.filter { member in
            // With what follows it: 25 is not 256.
            let spelled = "\(JSON.string(member.key).text):\(member.value.text)"
            return !line.contains(Array((spelled + ",").utf8)) && !line.contains(Array((spelled + "}").utf8))
        }
        let keys = differing.isEmpty ? "members" : differing.map(\.key).joined(separator: ", ")
        throw .badData(
            "the journal '\(path)' belongs to another run (different: \(keys)): it says "
                + "\(String(decoding: line, as: UTF8.self)), this run is \(header.text)")
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

    /// What the first line of every journal has.
    private struct Header: Decodable {
        var task: String
        var contenders: [String]
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

            /// Sums of these stay numbers, whoever wrote them.
            var isSound: Bool {
                let largest = 0x1p40
                return tokens >= 0 && Double(tokens) <= largest && (0...largest).contains(seconds)
                    && abs(bits ?? 0) <= largest
            }
        }

        var problem: Int
        var attempts: [String: Outcome]
    }

    private static func entry(_ line: Data, _ contenders: [String]) -> (Int, [Attempt])? {
        guard let entry = try? JSONDecoder().decode(Entry.self, from: line),
            entry.attempts.values.allSatisfy(\.isSound)
        else { return nil }
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
