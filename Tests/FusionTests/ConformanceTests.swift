// Section 10 of cool-fusion.md over models with random vocabularies and opinions: one model is itself,
// copies are one, order does not matter, no shortcut changes a byte, work grows with the text only.

import Testing

@testable import Fusion

private func pool(_ seed: UInt64, count: Int = 3, withinPieces: Bool = true) -> [ScriptedModel] {
    (0..<count).map {
        randomModel("m\($0)", seed: mix(seed, UInt64($0)), story: seed, withinPieces: withinPieces)
    }
}

private func fuse(_ models: [ScriptedModel], limit: Int = 24, _ change: (inout FusionOptions) -> Void = { _ in })
    throws -> FusionResult
{
    var options = FusionOptions()
    options.limit = limit
    change(&options)
    return try CoolFusion(models, options: options).run()
}

/// What a model writes alone, token by token.
private func greedy(_ model: ScriptedModel, limit: Int) throws -> [UInt8] {
    try model.start(nil)
    var tokens: [Int32] = []
    while tokens.count < limit {
        let token = try model.next().token
        if model.stopTokens.contains(token) { break }
        tokens.append(token)
    }
    return tokens.flatMap(model.bytes(of:))
}

private let seeds = Array(UInt64(1)...4)

@Test(arguments: seeds) func oneModelIsPlainGreedy(seed: UInt64) throws {
    let model = pool(seed, count: 1)[0]
    for limit in [1, 7, 24] {
        let expected = String(decoding: try greedy(model, limit: limit), as: UTF8.self)
        for kind in SegmentKind.allCases {
            #expect(try fuse([model], limit: limit) { $0.segment = kind }.text == expected)
        }
    }
}

@Test(arguments: seeds) func copiesOfAModelAreThatModel(seed: UInt64) throws {
    let alone = try fuse(pool(seed, count: 1))
    let three = try fuse((0..<3).map { _ in pool(seed, count: 1)[0] })
    #expect(three.text == alone.text)
    #expect(three.segments.allSatisfy { $0.proposers.count == 3 })
}

@Test(arguments: seeds, RankRule.all.map(\.name)) func orderDoesNotMatter(seed: UInt64, rank: String) throws {
    // The limit counts the first model's tokens and may cut a character: the shorter begins the longer.
    let texts = try [[0, 1, 2], [2, 0, 1], [1, 0, 2]].map { order in
        let models = pool(seed)
        let text = try fuse(order.map { models[$0] }) { $0.rank = rank }.text
        return Array(text.unicodeScalars.last == "\u{FFFD}" ? text.dropLast().utf8 : text[...].utf8)
    }
    let longest = texts.max { $0.count < $1.count } ?? []
    for text in texts { #expect(longest.starts(with: text)) }
}

@Test(arguments: seeds, [true, false]) func shortcutsChangeNothing(seed: UInt64, withinPieces: Bool) throws {
    for kind in [SegmentKind.aligned, .shortest] {
        let plain = try fuse(pool(seed, withinPieces: withinPieces)) { ($0.shortcuts, $0.segment) = (.none, kind) }
        for bits in [1, 2, 4, 8, 16, 31] {
            let fast = try fuse(pool(seed, withinPieces: withinPieces)) {
                $0.segment = kind
                $0.shortcuts.agreement = bits & 1 != 0
                $0.shortcuts.commitFromScoring = bits & 2 != 0
                $0.shortcuts.lookahead = bits & 4 != 0
                $0.shortcuts.draft = bits & 8 != 0
                $0.shortcuts.lookup = bits & 16 != 0
            }
            #expect(fast.text == plain.text)
            #expect(fast.stop == plain.stop)
            #expect(fast.segments.map(\.proposers) == plain.segments.map(\.proposers))
            #expect(fast.segments.map { $0.candidates.map(\.text) } == plain.segments.map { $0.candidates.map(\.text) })
            // Where all agree, only the plain algorithm computes a score.
            for (quick, slow) in zip(fast.segments, plain.segments) where quick.how == .ranked {
                #expect(quick.candidates.map(\.score) == slow.candidates.map(\.score))
            }
        }
    }
}

@Test(arguments: seeds, [true, false]) func everyModelHoldsTheText(seed: UInt64, withinPieces: Bool) throws {
    let models = pool(seed, withinPieces: withinPieces)
    let fusion = try CoolFusion(
        models,
        options: {
            var o = FusionOptions(); o.limit = 40; return o
        }())
    while let segment = try fusion.next() {
        #expect(segment.text.utf8.elementsEqual(segment.shown.utf8))
        if fusion.stop != nil { break }
        for (model, member) in zip(models, fusion.members) {
            #expect(model.answer.flatMap(model.bytes(of:)) == fusion.answer.bytes)
            #expect(model.answer == member.tokens)
            #expect(model.run == member.run)
            #expect(member.ends.last ?? 0 == fusion.answer.bytes.count)
        }
    }
    #expect(fusion.result.text == fusion.segments.map(\.text).joined())
}

@Test(arguments: seeds) func workPerSegmentDoesNotGrow(seed: UInt64) throws {
    // Rows per model: its own proposal, the others' candidates, the kept tail; never the text so far, which
    // becomes longer than all of these.
    let most = 32 + 3 * 2 * 16 + 8
    let fusion = try CoolFusion(
        pool(seed),
        options: {
            var o = FusionOptions(); o.limit = 400; return o
        }())
    var before = [0, 0, 0]
    while try fusion.next() != nil {
        for (place, member) in fusion.members.enumerated() {
            let rows = member.usage.rows
            #expect(rows - before[place] <= most)
            before[place] = rows
        }
    }
    #expect(fusion.stop == .eos || fusion.members.allSatisfy { $0.tokens.count > 2 * most })
}

@Test(arguments: seeds) func aModelThatFailsMidwayLeavesAConsistentText(seed: UInt64) throws {
    for rows in [0, 3, 10, 25] {
        let models = pool(seed)
        models[1].onWork = { (model) throws(SourceFailure) in if model.work.rows > rows { throw .notFinite } }
        let fusion = try CoolFusion(
            models,
            options: {
                var o = FusionOptions(); o.limit = 40; return o
            }())
        let result = try fusion.run()
        #expect(result.text == result.segments.map(\.text).joined())
        #expect(
            result.segments.indices.allSatisfy { place in
                result.segments[place].offset == result.segments[..<place].reduce(0) { $0 + $1.text.utf8.count }
            })
    }
}

@Test func textThatCrossesTokenBordersIsTakenBack() throws {
    // b writes "don" and then must take "'t", which its tokenizer joins to "don't".
    let a = ScriptedModel(
        "a", pieces: [" don", "'t", " go"],
        script: ["": [" don": 0.9], " don": ["'t": 0.9], " don't": [" go": 0.9], " don't go": ["<end>": 1]])
    let b = ScriptedModel(
        "b", pieces: [" don", " don't", "'", "t", " go", " do"],
        script: [
            "": [" don": 0.9], " don": [" go": 0.4], " don't": [" go": 0.9], " don't go": ["<end>": 0.9],
        ])
    b.encodesWithinPieces = false
    let fusion = try CoolFusion(
        [a, b],
        options: {
            var o = FusionOptions(); o.weights = [5, 1]; return o
        }())
    let result = try fusion.run()
    #expect(result.text == " don't go")
    #expect(b.answer.map { String(decoding: b.bytes(of: $0), as: UTF8.self) } == [" don't", " go"])
}
