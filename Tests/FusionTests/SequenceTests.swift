// The fusion as an asynchronous sequence: the same segments, errors where they belong, an end when nobody reads.

import Testing

@testable import Fusion

private func sources(_ seed: UInt64) -> [any SourceModel] {
    (0..<3).map { randomModel("m\($0)", seed: mix(seed, UInt64($0)), story: seed) }
}

/// Two that say " a b c d e f g h" for ever.
private func endless() -> [any SourceModel] {
    ["x", "y"].map { parrot($0, cost: 1) }
}

private func options(_ limit: Int?) -> FusionOptions {
    var options = FusionOptions()
    options.limit = limit
    return options
}

@Test(arguments: Strategy.allCases) func aSequenceHasTheSegmentsOfTheCall(strategy: Strategy) async throws {
    var options = options(24)
    options.strategy = strategy
    let expected = try fuse(sources(1), options: options)
    let fusion = Fusion(sources: sources(1), options: options)
    var texts: [String] = []
    for try await segment in fusion { texts.append(segment.text) }
    #expect(texts == expected.segments.map(\.text))
    #expect(try await fusion.result.text == expected.text)
    #expect(try await fusion.result.stop == expected.stop)
    // It is written once.
    for try await _ in fusion { Issue.record("a second reading has segments") }
}

@Test func theResultAloneStartsTheWriting() async throws {
    let expected = try fuse(sources(2), options: options(24))
    #expect(try await Fusion(sources: sources(2), options: options(24)).result.text == expected.text)
}

@Test func wrongOptionsAreErrorsOfTheIteration() async throws {
    var wrong = options(24)
    wrong.rank = "best"
    let fusion = Fusion(sources: sources(1), options: wrong)
    await #expect(throws: FusionError.self) { for try await _ in fusion {} }
    await #expect(throws: FusionError.self) { _ = try await fusion.result }
}

@Test func aCancelledTaskStopsTheWriting() async throws {
    let fusion = Fusion(sources: endless(), options: options(100_000))
    let task = Task {
        var count = 0
        for try await _ in fusion {
            count += 1
            if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
        }
        return count
    }
    #expect(try await task.value >= 3)
    let result = try await fusion.result
    #expect(result.stop == .cancelled)
    #expect(result.text == result.segments.map(\.text).joined())
}

private func readOne(_ fusion: Fusion) async throws { for try await _ in fusion { break } }

@Test func leavingTheLoopStopsTheWriting() async throws {
    let fusion = Fusion(sources: endless(), options: options(100_000))
    try await readOne(fusion)
    let result = try await fusion.result
    #expect(result.stop == .cancelled)
    #expect(result.segments.count < 40_000)
}

private let ranking: [Strategy] = [.rerank, .coolRerank, .vote]

/// Cancelled at the first evaluation after `count` others: while the first answer is begun, written, and while all are scored.
@Test(arguments: ranking) func strategiesOfWholeAnswersStopAtOnce(strategy: Strategy) throws {
    for count in [0, 40, 603] {
        var options = options(300)
        options.strategy = strategy
        let models = [parrot("x", cost: 1), parrot("y", cost: 1)]
        var (evaluations, isCancelled) = (0, false)
        for model in models {
            model.onWork = { (_) throws(SourceFailure) in
                evaluations += 1
                if evaluations > count { isCancelled = true }
            }
        }
        options.shortcuts = .none
        let result = try fuse(models, options: options, isCancelled: { isCancelled })
        #expect(isCancelled && evaluations < count + 40, "\(evaluations) after \(count)")
        #expect(result.stop == .cancelled && result.text.isEmpty && result.segments.isEmpty)
        #expect(result.usage.count == 2)
    }
}

@Test(arguments: ranking) func leavingBeforeTheLastSegmentCutsTheAnswer(strategy: Strategy) throws {
    var options = options(40)
    options.strategy = strategy
    let whole = try fuse(endless(), options: options)
    var seen: [String] = []
    let result = try fuse(endless(), options: options) { segment in
        seen.append(segment.shown)
        return seen.count < 2
    }
    #expect(whole.segments.count > 2 && whole.stop == .length)
    #expect(result.segments.count == 2 && result.stop == .cancelled)
    #expect(result.text == seen.joined())
}

@Test(arguments: [Strategy.cool, .vote]) func aCancelledTaskThatWaitsForTheResultStopsTheWriting(strategy: Strategy)
    async throws
{
    var options = options(100_000)
    options.strategy = strategy
    let fusion = Fusion(sources: endless(), options: options)
    let task = Task { try await fusion.result }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    let result = try await task.value
    #expect(result.stop == .cancelled)
    #expect(result.segments.count < 40_000)
}
