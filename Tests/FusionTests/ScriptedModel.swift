// A source model made of a list of pieces and a function from text to probabilities.
//
// It keeps its timeline as token lists, so every evaluated row can be counted, and it checks the caller:
// a draft must extend the run, a commit must name a continuation that was scored.

import Foundation
import Fusion
import Inference

final class ScriptedModel: SourceModel {
    let name: String
    let pieces: [[UInt8]]
    let cost: Double
    var context = 100_000
    var stripsLeadingSpace = false
    /// Keeps the pre-tokenizer's pieces apart when encoding; off: longest match over the whole text.
    var encodesWithinPieces = true
    var unknownToken: Int32?
    private(set) var work = Work()
    private(set) var answer: [Int32] = []
    private(set) var run: [RunToken] = []
    private var scored: [Continuation] = []
    private var rows: [[UInt8]: [Double]] = [:]
    /// Probabilities of the next piece after a text; pieces not named share what is left.
    private let predict: ([UInt8]) -> [Int32: Double]
    /// Called before every evaluation; lets a test make the model fail.
    var onWork: (ScriptedModel) throws(SourceFailure) -> Void = { (_) throws(SourceFailure) in }

    static let stop: Int32 = 0

    init(_ name: String, pieces: [[UInt8]], cost: Double = 1, predict: @escaping ([UInt8]) -> [Int32: Double]) {
        self.name = name
        self.pieces = [[]] + pieces
        self.cost = cost
        self.predict = predict
    }

    /// Probabilities written as text: "so far" -> piece -> probability; "<end>" is the end of text.
    convenience init(_ name: String, pieces: [String], cost: Double = 1, script: [String: [String: Double]]) {
        let ids = Dictionary(uniqueKeysWithValues: pieces.enumerated().map { ($1, Int32($0 + 1)) })
        self.init(name, pieces: pieces.map { Array($0.utf8) }, cost: cost) { text in
            let row = script[String(decoding: text, as: UTF8.self)] ?? ["<end>": 0.5]
            return Dictionary(uniqueKeysWithValues: row.map { (ids[$0] ?? Self.stop, $1) })
        }
    }

    var stopTokens: Set<Int32> { [Self.stop] }
    var mainStop: Int32? { Self.stop }
    func bytes(of token: Int32) -> [UInt8] { token < 0 ? [] : pieces[Int(token)] }
    func pieceStarts(_ text: [UInt8]) -> [Int] { simplePieceStarts(text) }

    func encode(_ text: [UInt8], startsAnswer: Bool) -> [Int32] {
        let starts = encodesWithinPieces ? pieceStarts(text) : [0]
        let ends = starts.dropFirst() + [text.count]
        return zip(starts, ends).flatMap { longestMatches(text[$0..<$1]) }
    }

    private func longestMatches(_ text: ArraySlice<UInt8>) -> [Int32] {
        var rest = text
        var tokens: [Int32] = []
        while !rest.isEmpty {
            let fitting = pieces.indices.filter { !pieces[$0].isEmpty && rest.starts(with: pieces[$0]) }
            let best = fitting.max { pieces[$0].count < pieces[$1].count }
            tokens.append(best.map(Int32.init) ?? unknownToken ?? -1)
            rest = rest.dropFirst(best.map { pieces[$0].count } ?? 1)
        }
        return tokens
    }

    // MARK: timeline

    private func text(_ tokens: [Int32]) -> [UInt8] { tokens.flatMap { pieces[Int($0)] } }

    /// Log-probabilities of all tokens after some tokens; computed once per text.
    private func row(after tokens: [Int32]) -> [Double] {
        let text = text(tokens)
        if let row = rows[text] { return row }
        let named = predict(text)
        let rest = max(1 - named.values.reduce(0, +), 1e-9)
        let row = pieces.indices.map { Double.log(named[Int32($0)] ?? rest / Double(pieces.count)) }
        rows[text] = row
        return row
    }

    func logprob(_ token: Int32, after tokens: [Int32]) -> Double { row(after: tokens)[Int(token)] }

    private func greedy(after tokens: [Int32]) -> RunToken {
        let row = row(after: tokens)
        let best = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
        return RunToken(token: Int32(best), logprob: row[best])
    }

    private func evaluate(_ rows: Int) throws(SourceFailure) {
        try onWork(self)
        if answer.count + rows > context { throw .contextFull(context: context) }
        work.passes += 1
        work.rows += rows
    }

    /// Told by the test.
    var promptBits: Double?

    func promptBitsPerByte() throws(SourceFailure) -> Double? { promptBits }

    func start(_ sampling: Sampling?) throws(SourceFailure) {
        try evaluate(0)
        (answer, run) = ([], [])
    }

    func next() throws(SourceFailure) -> RunToken {
        if answer.count + run.count + 1 > context { throw .contextFull(context: context) }
        if !run.isEmpty { try evaluate(1) }
        run.append(greedy(after: answer + run.map(\.token)))
        return run[run.count - 1]
    }

    func verify(_ draft: [Int32]) throws(SourceFailure) -> [RunToken] {
        precondition(draft.starts(with: run.map(\.token)), "a draft extends the run")
        try evaluate(draft.count)
        run = []
        for token in draft {
            run.append(greedy(after: answer + run.map(\.token)))
            if run[run.count - 1].token != token { return run }
        }
        run.append(greedy(after: answer + draft))
        return run
    }

    func keep(_ count: Int) throws(SourceFailure) {
        answer += run[..<count].map(\.token)
        run.removeFirst(count)
    }

    func dropRun() { run = [] }

    func score(_ continuations: [Continuation]) throws(SourceFailure) -> [[Double]] {
        try evaluate(continuations.reduce(0) { $0 + $1.tokens.count })
        scored = continuations
        return continuations.map { continuation in
            let kept = Array(answer.dropLast(continuation.dropping))
            let all = continuation.tokens + (continuation.stop.map { [$0] } ?? [])
            return all.indices.map { logprob(all[$0], after: kept + all[..<$0]) }
        }
    }

    func append(scored index: Int) throws(SourceFailure) {
        answer.removeLast(scored[index].dropping)
        answer += scored[index].tokens
        (run, scored) = ([], [])
    }

    func append(_ tokens: [Int32], dropping: Int) throws(SourceFailure) {
        try evaluate(tokens.count)
        answer.removeLast(dropping)
        answer += tokens
        (run, scored) = ([], [])
    }
}

/// Letters, digits, other signs, each with one space before it, and white space: GPT-2's idea, in ASCII.
func simplePieceStarts(_ text: [UInt8]) -> [Int] {
    func kind(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: 0
        case UInt8(ascii: "0")...UInt8(ascii: "9"): 1
        case 0x20, 0x09...0x0d: 2
        default: 3
        }
    }
    return text.indices.filter { place in
        if place == 0 { return true }
        let (before, here) = (kind(text[place - 1]), kind(text[place]))
        let followsSpace = text[place - 1] == 0x20 && here != 2
        if followsSpace { return false }
        if here == 2 { return before != 2 || (place + 1 < text.count && kind(text[place + 1]) != 2) }
        return before != here
    }
}

extension Double {
    static func log(_ value: Double) -> Double { Foundation.log(value) }
}
