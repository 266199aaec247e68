// Strategies over scripted models: who is asked, who wins, what is reported; computed by hand where it is a number.

import Foundation
import Testing

@testable import Fusion

private let pieces = [" it", " is", " 12", " 13", " 40", "."]

/// A model that begins " it is" and then says a number, with a probability for each.
private func teller(_ name: String, _ numbers: [String: Double], start: Double = 0.9) -> ScriptedModel {
    var script: [String: [String: Double]] = ["": [" it": start], " it": [" is": start], " it is": numbers]
    for number in [" 12", " 13", " 40"] {
        script[" it is\(number)"] = [".": 0.9]
        script[" it is\(number)."] = ["<end>": 0.9]
    }
    return ScriptedModel(name, pieces: pieces, script: script)
}

private func run(
    _ strategy: Strategy, _ models: [ScriptedModel], _ change: (inout FusionOptions) -> Void = { _ in }
) throws -> FusionResult {
    var options = FusionOptions()
    options.strategy = strategy
    change(&options)
    return try fuse(models, options: options)
}

private func three() -> [ScriptedModel] {
    [
        teller("a", [" 12": 0.9, " 13": 0.05, " 40": 0.05]), teller("b", [" 13": 0.4, " 12": 0.3, " 40": 0.2]),
        teller("c", [" 40": 0.5, " 12": 0.3, " 13": 0.1]),
    ]
}

@Test func soloIsOneModel() throws {
    #expect(try run(.solo, three()).text == " it is 12.")
    #expect(try run(.solo, three()) { $0.primary = 2 }.text == " it is 40.")
    #expect(throws: FusionError.self) { try run(.solo, three()) { $0.primary = 3 } }
}

@Test func rerankTakesTheLikeliestAnswer() throws {
    let result = try run(.rerank, three())
    #expect(result.text == " it is 12.")
    #expect(result.answers.map(\.text) == [" it is 12.", " it is 13.", " it is 40."])
    #expect(result.answers.map(\.authors) == [["a"], ["b"], ["c"]])
    let common = 2 * log(0.9) + 2 * log(0.9)
    let bits = { (p: Double) in -(common + log(p)) / (log(2) * 11) }
    let expected = [(bits(0.9) + bits(0.3) + bits(0.3)) / 3, (bits(0.05) + bits(0.4) + bits(0.1)) / 3]
    for (answer, score) in zip(result.answers, expected) { #expect(abs((answer.score ?? 0) - score) < 1e-12) }
    #expect(result.segments.map(\.text).joined() == result.text)
    #expect(result.usage.allSatisfy { $0.usage.scored > 0 && $0.usage.generated > 0 })
}

@Test func everyAnswerHasTheFirstModelsMeasure() throws {
    // Three tokens of the first model are three words, whatever they are for the author.
    let letters = ScriptedModel(
        "b", pieces: [" i", "t", "s", " 1", "3", "."],
        script: [
            "": [" i": 0.9], " i": ["t": 0.9], " it": [" i": 0.9], " it i": ["s": 0.9], " it is": [" 1": 0.9],
            " it is 1": ["3": 0.9], " it is 13": [".": 0.9],
        ])
    let result = try run(.rerank, [three()[0], letters]) { $0.limit = 3 }
    #expect(result.answers.map(\.text) == [" it is 12", " it is 13"])
}

@Test func theFusedAnswerMayWin() throws {
    let result = try run(.coolRerank, three())
    #expect(result.answers.count == 3)
    // The fused answer equals a's: one answer, and its author is still named.
    #expect(result.answers[0].authors == ["a"])
    #expect(result.text == " it is 12.")
}

@Test func votesCountReadingsNotTexts() throws {
    // a alone is sure of 12; b and c say 40, one of them in other words.
    let other = ScriptedModel(
        "c", pieces: pieces + [" so"],
        script: [
            "": [" so": 0.6, " it": 0.3], " so": [" 40": 0.8], " so 40": ["<end>": 0.9], " it": [" is": 0.9],
            " it is": [" 40": 0.5, " 12": 0.4], " it is 40": [".": 0.9], " it is 12": [".": 0.9],
        ])
    let models = [teller("a", [" 12": 0.99]), teller("b", [" 40": 0.5, " 12": 0.45]), other]
    let result = try run(.vote, models)
    #expect(result.answers.map(\.parsed) == ["12", "40", "40"])
    #expect(result.text.hasSuffix("40") || result.text.hasSuffix("40."))
    let silent = try run(.vote, models) { $0.parse = { _ in nil } }
    #expect(silent.text == (try run(.rerank, models)).text)
}

@Test func aSurePrimaryAsksNobody() throws {
    let models = [teller("a", [" 12": 0.9]), teller("b", [" 40": 0.9])]
    let result = try run(.primary, models)
    #expect(result.text == " it is 12.")
    #expect(result.segments.allSatisfy { $0.how == .led && $0.proposers == ["a"] })
    #expect(models[1].work.rows == 0)
}

@Test func anUnsurePrimaryListensToAClearMajority() throws {
    func pool(_ others: Double) -> [ScriptedModel] {
        [teller("a", [" 12": 0.4, " 40": 0.35])] + ["b", "c"].map { teller($0, [" 40": others, " 12": 0.3]) }
    }
    let clear = try run(.primary, pool(0.69)) { $0.primaryMargin = 0.1 }
    #expect(clear.text == " it is 40.")
    #expect(clear.segments.map(\.how) == [.led, .led, .ranked, .led])
    let narrow = try run(.primary, pool(0.69)) { $0.primaryMargin = 1 }
    #expect(narrow.text == " it is 12.")
    #expect(narrow.segments[2].how == .ranked)
    #expect(narrow.segments[2].proposers == ["a"])
}

@Test func aPrimaryThatFailsIsReplaced() throws {
    let models = three()
    models[0].onWork = { (model) throws(SourceFailure) in if model.work.rows >= 1 { throw .notFinite } }
    let result = try run(.primary, models)
    #expect(result.text.hasPrefix(" it is"))
    #expect(result.events.contains(.left(model: "a", reason: .notFinite)))
}

@Test func weightsComeFromThePrompt() throws {
    let models = three()
    (models[0].promptBits, models[1].promptBits, models[2].promptBits) = (1, 1.25, 40)
    let result = try run(.cool, models) { $0.weighsByPrompt = true }
    for (found, expected) in zip(result.weights, [1, 0.64, 0.25]) { #expect(abs(found.weight - expected) < 1e-12) }
    let unknown = try run(.cool, three()) { $0.weighsByPrompt = true }
    #expect(unknown.weights.map(\.weight) == [1, 1, 1])
}

@Test(
    arguments: [
        ("The answer is 1,234.50 dollars.", "1234.5"), ("no number", nil), ("-3 and then 7.", "7"), ("x = -12", "-12"),
        ("3.0", "3"), ("- 5", "5"), ("100", "100"), ("a-b 4-2", "-2"),
    ] as [(String, String?)])
func lastNumbers(text: String, number: String?) {
    #expect(lastNumber(text) == number)
}

@Test func aCallerCanStopBetweenSegments() throws {
    var seen = 0
    let result = try fuse(three()) { _ in
        seen += 1
        return seen < 2
    }
    #expect(result.text == " it is")
    #expect(result.stop == .cancelled)
}
