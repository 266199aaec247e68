// The statistics against published values, the reading of answers, and the bookkeeping of the headroom report.
import Foundation
import Testing

@testable import Fusion

@Test func intervalsAreClopperPearsons() {
    let cases: [(successes: Int, trials: Int, lower: Double, upper: Double)] = [
        (8, 10, 0.4439, 0.9748), (0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (50, 100, 0.3983, 0.6017),
    ]
    for expected in cases {
        let found = Statistics.interval(successes: expected.successes, trials: expected.trials)
        #expect(abs(found.lower - expected.lower) < 1e-4 && abs(found.upper - expected.upper) < 1e-4)
    }
}

@Test func mcNemarIsTheExactSignTest() {
    #expect(abs(Statistics.mcNemar(onlyFirst: 1, onlySecond: 9) - 22.0 / 1024) < 1e-12)
    #expect(Statistics.mcNemar(onlyFirst: 3, onlySecond: 3) == 1)
    #expect(Statistics.mcNemar(onlyFirst: 0, onlySecond: 0) == 1)
    #expect(abs(Statistics.mcNemar(onlyFirst: 23, onlySecond: 1) - 50.0 / 16_777_216) < 1e-12)
}

@Test(arguments: [
    ("The sum is 3 + 4 = 7.\n#### 7", "7"), ("#### 1,234\nand 9 more", "1234"), ("no mark, but 5 and 6", "6"),
    ("#### none, yet 8 before", "8"), ("#### -3.50", "-3.5"), ("no number", nil), ("####", nil),
])
func finalNumbersAreRead(text: String, expected: String?) {
    #expect(finalNumber(text) == expected)
}

@Test func reportCountsPairsAndTheCeiling() {
    var report = HeadroomReport(["solo:a", "solo:b", "default"])
    let outcomes = [
        [true, false, true], [false, true, true], [false, false, true], [false, true, false], [false, false, false],
    ]
    for outcome in outcomes { report.add(outcome.map { ($0, 2, 0.5) }) }
    #expect(report.rows.map(\.correct) == [1, 2, 3])
    #expect(report.anyCorrect == 3)
    #expect(report.bestSolo == 1)
    #expect(report.rows[0].tokens == 10 && report.rows[0].seconds == 2.5)
    // default alone is right twice, b alone once.
    #expect(report.p(2, versus: 1) == 1)
    #expect(report.verdict.hasPrefix("No"))
}

/// Answers as models wrote them to GSM8K's problems, in the manners that occur, and what graders read.
@Test(
    arguments: [
        ("Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day.\nShe makes 9 * 2 = $<<9*2=18>>18.\n#### 18", "18"),
        ("So the answer is $70,000.", "70000"), ("#### $1,450.00", "1450"), ("The answer is 3.", "3"),
        ("...is 20%.\n#### 20", "20"), ("He runs 3*3=9 sprints a week, so 540 meters.", "540"),
        ("**Answer: 64**", "64"), ("\\boxed{260}", "260"), ("I do not know.", nil), ("#### 5\nQ: What is 3 + 4?", "5"),
    ] as [(String, String?)])
func recordedAnswersAreRead(text: String, expected: String?) {
    #expect(finalNumber(text) == expected)
}

/// A model that gives each text after the empty prompt a probability for each of its letters.
private func speller(_ name: String, _ letters: [String: Double]) -> ScriptedModel {
    let pieces = ["a", "b", "c", "d"]
    let row = Dictionary(
        uniqueKeysWithValues: pieces.enumerated().compactMap { place, piece in
            letters[piece].map { (Int32(place + 1), $0) }
        })
    return ScriptedModel(name, pieces: pieces.map { Array($0.utf8) }) { _ in row }
}

private func attempts(_ models: [ScriptedModel], _ question: Question) throws -> [String: Attempt] {
    let contenders = Contest.scoring(
        question, Contender.all(models: models.map(\.name), base: FusionOptions()))
    let attempts = try Contest(contenders, parse: { $0 }).attempts(models, question)
    return Dictionary(uniqueKeysWithValues: zip(contenders.map(\.name), attempts))
}

@Test func choicesAreRankedByTheRules() throws {
    let models = [
        speller("x", ["a": 0.6, "b": 0.3, "c": 0.05]), speller("y", ["a": 0.2, "b": 0.4, "c": 0.3]),
        speller("z", ["b": 0.1, "c": 0.8, "a": 0.05]),
    ]
    let found = try attempts(models, .choices(["a", "bb", "c"], right: 1))
    #expect(found["solo:x"]?.text == "a" && found["solo:y"]?.text == "bb" && found["solo:z"]?.text == "c")
    #expect(found["solo:y"]?.isCorrect == true && found["solo:x"]?.isCorrect == false)
    // Per byte: a 0.6*0.2*0.05 = 0.006, b 0.3*0.4*0.1 = 0.012, c 0.05*0.3*0.8 = 0.012 (bits 6.38 for both).
    let joint = ["a": 0.6 * 0.2 * 0.05, "bb": 0.3 * 0.4 * 0.1, "c": 0.05 * 0.3 * 0.8]
    #expect(found["default"]?.text != "a" && joint["a"]! < joint["c"]!)
    // Not normalised, two letters cost twice.
    #expect(found["cool:logprob"]?.text == "c")
    #expect(found["cool:pool"]?.text == "c")
    #expect(found["primary"] == nil)
}

@Test func whoCannotScoreHasNoVote() throws {
    let unable = ["x", "y"].map { name in
        let model = speller(name, ["a": 0.9])
        model.onWork = { (_) throws(SourceFailure) in throw .contextFull(context: 1) }
        return model
    }
    let able = speller("z", ["a": 0.1, "b": 0.1, "c": 0.7])
    let found = try attempts(unable + [able], .choices(["a", "b", "c"], right: 0))
    #expect(found["vote"]?.text == "c" && found["default"]?.text == "c" && found["solo:z"]?.text == "c")
    #expect(found["solo:x"]?.parsed == nil && found["solo:x"]?.isCorrect == false)
    let nobody = try attempts(unable, .choices(["a", "b"], right: 0))
    #expect(nobody.values.allSatisfy { $0.parsed == nil && !$0.isCorrect && $0.text.isEmpty })
}

@Test(arguments: [Question.open(expected: "a"), .choices(["a", "b"], right: 0), .text("ab")])
func whoLeavesIsTold(question: Question) throws {
    let sick = speller("x", ["a": 0.9])
    sick.onWork = { (_) throws(SourceFailure) in throw .contextFull(context: 1) }
    let models = [sick, speller("y", ["a": 0.6, "b": 0.3])]
    var base = FusionOptions()
    base.limit = 3
    var contest = Contest(Contest.scoring(question, Contender.all(models: ["x", "y"], base: base)), parse: { $0 })
    var events: Set<FusionEvent> = []
    contest.told = { events.insert($0) }
    _ = try contest.attempts(models, question)
    #expect(events == [.left(model: "x", reason: .contextFull(context: 1))])
}

@Test func textsAreWorthTheirBits() throws {
    let models = [speller("x", ["a": 0.5, "b": 0.25]), speller("y", ["a": 0.125, "b": 0.75])]
    let found = try attempts(models, .text("ab"))
    func bits(_ p: Double) -> Double { -log2(p) }
    #expect(abs((found["solo:x"]?.bits ?? 0) - bits(0.5 * 0.25)) < 1e-9)
    #expect(abs((found["solo:y"]?.bits ?? 0) - bits(0.125 * 0.75)) < 1e-9)
    let pool = bits((0.5 + 0.125) / 2) + bits((0.25 + 0.75) / 2)
    #expect(abs((found["cool:pool"]?.bits ?? 0) - pool) < 1e-9)
}
