// The loop over scripted models: every segment and score below is computed by hand.

import Foundation
import Testing

@testable import Fusion

/// Two vocabularies, one story: A speaks in words, B in syllables.
private func words(_ script: [String: [String: Double]]) -> ScriptedModel {
    ScriptedModel("a", pieces: [" the", " cat", " dog", " sat", "."], script: script)
}

private func syllables(_ script: [String: [String: Double]]) -> ScriptedModel {
    ScriptedModel("b", pieces: [" t", "he", " c", "at", " d", "og", " s", "."], script: script)
}

private func fuse(_ models: [ScriptedModel], _ change: (inout FusionOptions) -> Void = { _ in }) throws
    -> FusionResult
{
    var options = FusionOptions()
    options.rank = "logprob"
    change(&options)
    return try CoolFusion(models, options: options).run()
}

struct HandComputed {
    // A: " the" 0.5, then " cat" 0.8 or " dog" 0.1; after " the cat" comes " sat" or after the dog the end.
    var a: ScriptedModel {
        words([
            "": [" the": 0.5], " the": [" cat": 0.8, " dog": 0.1], " the cat": ["<end>": 0.9, " sat": 0.05],
            " the dog": ["<end>": 0.9],
        ])
    }
    // B: " t" 0.5 "he" 1; then " d" 0.6 "og" 0.5, or " c" 0.3 "at" 0.5.
    var b: ScriptedModel {
        syllables([
            "": [" t": 0.5], " t": ["he": 0.99], " the": [" d": 0.6, " c": 0.3], " the d": ["og": 0.5],
            " the c": ["at": 0.5], " the dog": ["<end>": 0.8], " the cat": ["<end>": 0.7],
        ])
    }

    @Test func segmentsAndScores() throws {
        let result = try fuse([a, b])
        #expect(result.text == " the cat")
        #expect(result.stop == .eos)
        #expect(result.segments.map(\.how) == [.verified, .ranked])
        #expect(result.segments[0].proposers == ["a", "b"])
        let first = result.segments[0].candidates[0].models
        #expect(abs((first["a"]?.nll ?? 0) + log(0.5)) < 1e-12)
        #expect(abs((first["b"]?.nll ?? 0) + log(0.5 * 0.99)) < 1e-12)
        #expect(first["b"]?.tokens == 2)
        // A's candidate is " cat" with the end, B's " dog" with the end.
        let second = result.segments[1]
        #expect(second.candidates.map(\.text) == [" cat", " dog"])
        #expect(second.candidates.map(\.eos) == [true, true])
        let cat = (log(0.8 * 0.9) + log(0.3 * 0.5 * 0.7)) / 2
        let dog = (log(0.1 * 0.9) + log(0.6 * 0.5 * 0.8)) / 2
        #expect(abs((second.candidates[0].score ?? 0) - cat) < 1e-12)
        #expect(abs((second.candidates[1].score ?? 0) - dog) < 1e-12)
        #expect(abs((second.margin ?? 0) - (cat - dog)) < 1e-12)
    }

    @Test func thePaperTakesTheMeanOfPerplexities() throws {
        let result = try fuse([a, b]) { $0.rank = "paper" }
        let cat = (pow(0.8 * 0.9, -1.0 / 2) + pow(0.3 * 0.5 * 0.7, -1.0 / 3)) / 2
        let dog = (pow(0.1 * 0.9, -1.0 / 2) + pow(0.6 * 0.5 * 0.8, -1.0 / 3)) / 2
        #expect(abs((result.segments[1].candidates[0].score ?? 0) - cat) < 1e-12)
        #expect(abs((result.segments[1].candidates[1].score ?? 0) - dog) < 1e-12)
        #expect(result.text == " the cat")
    }

    @Test func weightsCount() throws {
        let result = try fuse([a, b]) { $0.weights = [0.1, 10] }
        #expect(result.text == " the dog")
    }
}

@Test func theEndIsACandidate() throws {
    // A stops after " the"; B would go on. B finds the end likely enough to lose.
    let a = words(["": [" the": 0.9], " the": ["<end>": 0.9, " cat": 0.05]])
    let b = syllables([
        "": [" t": 0.9], " t": ["he": 0.9], " the": [" c": 0.5, "<end>": 0.4], " the c": ["at": 0.9],
        " the cat": [".": 0.9], " the cat.": ["<end>": 0.9],
    ])
    let result = try fuse([a, b])
    #expect(result.text == " the")
    #expect(result.stop == .eos)
    // " the" without an end is the likelier event; the end itself is voted on next.
    #expect(result.segments.map(\.text) == [" the", ""])
    #expect(result.segments[0].candidates.map(\.eos) == [true, false])
    #expect(result.segments[1].candidates.map(\.text) == ["", " cat"])
}

@Test func anEmptyAnswerIsAnAnswer() throws {
    let result = try fuse([words(["": ["<end>": 0.9]]), syllables(["": ["<end>": 0.8]])])
    #expect(result.text == "")
    #expect(result.stop == .eos)
    #expect(result.segments.map(\.how) == [.agreed])
}

@Test func tiesGoToMoreProposersThenToModelOrder() throws {
    func opposed(_ name: String, _ first: String, _ second: String) -> ScriptedModel {
        ScriptedModel(
            name, pieces: [" x", " y", "."],
            script: ["": [first: 0.5, second: 0.5 - 1e-17], first: [".": 1], second: [".": 1]])
    }
    // Ids break ties within a model, so " x" is what all of these propose unless it is less likely.
    let x = opposed("x", " x", " y")
    let y = ScriptedModel(
        "y", pieces: [" y", " x", "."], script: ["": [" x": 0.5, " y": 0.5], " x": [".": 1], " y": [".": 1]])
    let two = try fuse([y, x]) { $0.limit = 1 }
    #expect(two.segments[0].candidates.map(\.text) == [" y", " x"])
    #expect(two.text == " y")
    let three = try fuse([y, x, opposed("z", " x", " y")]) { $0.limit = 1 }
    #expect(three.text == " x")
    #expect(three.segments[0].proposers == ["x", "z"])
}

@Test func limitCountsTokensOfTheFirstModel() throws {
    let script: [String: [String: Double]] = [
        "": [" the": 0.9], " the": [" cat": 0.9], " the cat": [" sat": 0.9], " the cat sat": [".": 0.9],
        " the cat sat.": ["<end>": 0.9],
    ]
    for (limit, text) in [(0, ""), (1, " the"), (2, " the cat"), (4, " the cat sat."), (9, " the cat sat.")] {
        let result = try fuse([words(script)]) { $0.limit = limit }
        #expect(result.text == text)
        #expect(result.stop == (limit < 4 ? .length : .eos))
    }
    // In syllables the cut may fall inside a word.
    let spelled = syllables(["": [" t": 0.9], " t": ["he": 0.9], " the": [" c": 0.9], " the c": ["at": 0.9]])
    #expect(try fuse([spelled]) { $0.limit = 3 }.text == " the c")
}

@Test(arguments: [("at s", " the c"), (" cat", " the"), ("x", " the cat sat."), ("the", " "), ("sat.", " the cat ")])
func stopStringsCutAcrossSegments(stop: String, text: String) throws {
    let script: [String: [String: Double]] = [
        "": [" the": 0.9], " the": [" cat": 0.9], " the cat": [" sat": 0.9], " the cat sat": [".": 0.9],
    ]
    let result = try fuse([words(script)]) { $0.stopStrings = [stop] }
    #expect(result.text == text)
    #expect(result.segments.map(\.shown).joined() == text)
    #expect(result.stop == (stop == "x" ? .eos : .stopString))
}

@Test func leadingSpaceIsStrippedOnceAfterATemplate() throws {
    let a = words(["": [" the": 0.9], " the": [" cat": 0.9], " the cat": ["<end>": 0.9]])
    let b = ScriptedModel(
        "b", pieces: ["the", " cat"],
        script: ["": ["the": 0.9], "the": [" cat": 0.9], "the cat": ["<end>": 0.9]])
    a.stripsLeadingSpace = true
    b.stripsLeadingSpace = true
    let result = try fuse([a, b])
    #expect(result.text == "the cat")
    #expect(result.segments.map(\.how) == [.agreed, .agreed])
}

@Test func aModelThatFailsLeavesAndTheOthersGoOn() throws {
    let script: [String: [String: Double]] = [
        "": [" the": 0.9], " the": [" cat": 0.9], " the cat": [" sat": 0.9], " the cat sat": [".": 0.9],
    ]
    let alone = try fuse([words(script)])
    for failure in [SourceFailure.notFinite, .contextFull(context: 2), .failed("it is gone")] {
        for rowsBefore in 0..<5 {
            let sick = syllables([:])
            sick.onWork = { (model) throws(SourceFailure) in if model.work.rows >= rowsBefore { throw failure } }
            let result = try fuse([words(script), sick]) {
                $0.rank = "pool"; $0.weights = [1, 1e-9]
            }
            #expect(result.text == alone.text)
            #expect(result.events.contains(.left(model: "b", reason: failure)))
        }
    }
    let dead = words(script)
    dead.onWork = { (_) throws(SourceFailure) in throw .notFinite }
    #expect(throws: FusionError.self) { try fuse([dead]) }
}

@Test func contextFullEndsTheAnswerOfASingleModel() throws {
    let model = words(["": [" the": 0.9], " the": [" cat": 0.9], " the cat": [" sat": 0.9]])
    model.context = 2
    let result = try fuse([model])
    #expect(result.text == " the cat")
    #expect(result.stop == .exhausted)
}

@Test func scoresThatAreNotNumbersAreLeftOut() throws {
    let a = words(["": [" cat": 0.9], " cat": [".": 0.9], " dog": [".": 0.9], " cat.": ["<end>": 1]])
    let b = syllables(["": [" d": 0.9, " c": .nan], " d": ["og": 0.9], " dog": [".": 0.9], " cat": [".": 1]])
    let result = try fuse([a, b]) { $0.limit = 1 }
    #expect(result.events.contains(.unscored(model: "b", text: " cat", reason: .notFinite)))
    #expect(result.segments[0].candidates[0].models.keys.sorted() == ["a"])
}

@Test func textAModelCannotSpellIsTakenUnscored() throws {
    let a = words(["": [" cat": 0.9], " cat": [" sat": 0.9], " cat sat": [".": 0.9]])
    let b = ScriptedModel("b", pieces: [" dog", " sat", "."], script: ["": [" dog": 0.9], " dog": [".": 0.9]])
    b.unknownToken = 2
    let result = try fuse([a, b]) { $0.weights = [10, 1] }
    #expect(result.text.hasPrefix(" cat"))
    #expect(result.events.contains(.unscored(model: "b", text: " cat", reason: .unspellable)))
    // Behind it, b scores again.
    #expect(result.segments.dropFirst().contains { $0.candidates.contains { $0.models.count == 2 } })
}

@Test func optionsAreChecked() {
    #expect(throws: FusionError.self) { try CoolFusion([]) }
    #expect(throws: FusionError.self) { try fuse([words([:])]) { $0.rank = "best" } }
    for weights in [[], [1, 2], [0], [-1], [.nan], [.infinity]] as [[Double]] {
        #expect(throws: FusionError.self) { try fuse([words([:])]) { $0.weights = weights } }
    }
}

@Test func modelsOfOneNameAreToldApart() throws {
    let result = try fuse([words([:]), words([:])])
    #expect(result.usage.map(\.model) == ["a", "a#2"])
}
