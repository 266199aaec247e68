// Real models fuse: three vocabularies, one story; and the promises that need real caches.

import Inference
import Testing

@testable import Fusion

@Suite(.enabled(if: SharedModels.arePresent))
struct RealFusionTests {
    static let trio = ["stories260K", "babyllama-tok361", "babyllama-tok105"]

    private func sources(_ names: [String], prompt: String = "Once upon a time") throws -> [SessionSource] {
        try names.map { name in
            let model = try SharedModels.model(name)
            return SessionSource(try Session(model: model), prompt: try model.rawPrompt(prompt))
        }
    }

    private func fuse(
        _ names: [String], limit: Int = 40, prompt: String = "Once upon a time",
        _ change: (inout FusionOptions) -> Void = { _ in }
    ) throws -> FusionResult {
        var options = FusionOptions()
        options.limit = limit
        change(&options)
        return try CoolFusion(try sources(names, prompt: prompt), options: options).run()
    }

    @Test(arguments: f32Names, [1, 40]) func oneModelIsPlainGreedy(name: String, limit: Int) throws {
        let session = try SharedModels.session("\(name).F32")
        var options = GenerationOptions()
        options.limit = limit
        let alone = try session.generate(options).text
        #expect(try fuse(["\(name).F32"], limit: limit).text == alone)
        #expect(try fuse(["\(name).F32"], limit: limit) { $0.shortcuts = .none }.text == alone)
    }

    @Test(arguments: ["stories260K.F32", "babyllama-tok105.F32"]) func aModelAndItsCopyAreThatModel(name: String) throws
    {
        let alone = try fuse([name]).text
        #expect(try fuse([name, name]).text == alone)
        #expect(try fuse([name, name, name]) { $0.rank = "paper" }.text == alone)
    }

    @Test(arguments: ["F32", "Q8_0"], RankRule.all.map(\.name)) func threeVocabulariesTellOneStory(
        type: String, rank: String
    )
        throws
    {
        let names = Self.trio.map { "\($0).\(type)" }
        let result = try fuse(names) { $0.rank = rank }
        #expect(result.text.hasPrefix(", there was a little"))
        #expect(result.text == result.segments.map(\.text).joined())
        // A line end is not among the 105 characters; that is all that may be reported.
        #expect(result.events.allSatisfy { if case .unscored(_, _, .unspellable) = $0 { true } else { false } })
        // Words of a children's story, not letters: nothing is longer or stranger than those.
        let words = result.text.split(whereSeparator: { !$0.isLetter })
        #expect(words.count > 14 && words.allSatisfy { $0.count <= 12 })
        let reversed = try fuse(names.reversed(), limit: 120) { $0.rank = rank }
        #expect(reversed.text.hasPrefix(result.text) || result.text.hasPrefix(reversed.text))
    }

    @Test(arguments: ["F32", "Q8_0"]) func shortcutsChangeNothing(type: String) throws {
        let names = Self.trio.map { "\($0).\(type)" }
        let plain = try fuse(names) { $0.shortcuts = .none }
        for bits in [2, 4, 8, 16, 31] {
            let fast = try fuse(names) {
                $0.shortcuts.agreement = bits & 1 != 0
                $0.shortcuts.commitFromScoring = bits & 2 != 0
                $0.shortcuts.lookahead = bits & 4 != 0
                $0.shortcuts.draft = bits & 8 != 0
                $0.shortcuts.lookup = bits & 16 != 0
            }
            #expect(fast.text == plain.text)
            #expect(fast.segments.map(\.proposers) == plain.segments.map(\.proposers))
            #expect(fast.segments.map { $0.candidates.map(\.text) } == plain.segments.map { $0.candidates.map(\.text) })
        }
    }

    @Test func sessionsHoldTheText() throws {
        let all = try sources(Self.trio.map { "\($0).F32" })
        var options = FusionOptions()
        options.limit = 40
        let fusion = try CoolFusion(all, options: options)
        while try fusion.next() != nil, fusion.stop == nil {
            for (source, member) in zip(all, fusion.members) {
                #expect(member.tokens.flatMap(source.bytes(of:)) == fusion.answer.bytes)
            }
        }
        // What the caches say after it all equals what fresh ones say.
        for (source, member) in zip(all, fusion.members) {
            source.dropRun()
            let token = try source.next()
            let fresh = try Session(model: source.session.model)
            try fresh.append(source.prompt.tokens)
            for token in member.tokens { try fresh.append([token]) }
            let row = try #require(fresh.logits)
            #expect(row.argmax == token.token)
            #expect(try row.logProbabilities(of: [token.token]) == [token.logprob])
        }
    }

    @Test func workGrowsWithTheTextOnly() throws {
        let short = try fuse(Self.trio.map { "\($0).F32" }, limit: 30)
        let long = try fuse(Self.trio.map { "\($0).F32" }, limit: 60)
        for (a, b) in zip(short.usage, long.usage) {
            let (first, second) = (Double(a.usage.rows), Double(b.usage.rows))
            let lengths = Double(long.text.utf8.count) / Double(short.text.utf8.count)
            #expect(second < first * lengths * 1.5 + 40)
        }
    }

    @Test func textOneModelCannotSpellIsReported() throws {
        // A line end is not among the 105 characters; the story has one all the same.
        let names = ["stories260K.F32", "babyllama-tok105.F32"]
        let result = try fuse(names, limit: 80) { $0.weights = [1, 9] }
        #expect(result.text.contains("\nLily"))
        #expect(result.events.contains(.unscored(model: names[1], text: "\nLily", reason: .unspellable)))
        #expect(!result.events.contains { if case .left = $0 { true } else { false } })
        // Behind it the model proposes and scores again.
        let later = result.segments.drop { !$0.text.hasPrefix("\n") }.dropFirst()
        #expect(later.contains { $0.proposers.contains(names[1]) })
        #expect(later.contains { $0.how == .ranked && $0.candidates.allSatisfy { $0.models.count == 2 } })
    }

    @Test func scoresAreThoseOfAFreshSession() throws {
        let all = try sources(Self.trio.map { "\($0).F32" })
        var options = FusionOptions()
        options.limit = 40
        let fusion = try CoolFusion(all, options: options)
        var compared = 0
        while true {
            let before = fusion.members.map(\.tokens)
            guard let segment = try fusion.next() else { break }
            for (place, source) in all.enumerated() {
                let name = fusion.members[place].name
                for candidate in segment.candidates where !candidate.proposers.contains(name) && !candidate.eos {
                    guard let found = candidate.models[name] else { continue }
                    let fresh = try Session(model: source.session.model)
                    try fresh.append(source.prompt.tokens + before[place])
                    let tokens = source.encode(Array(candidate.text.utf8), startsAnswer: false)
                    var nll = 0.0
                    for token in tokens {
                        nll -= try #require(fresh.logits).logProbabilities(of: [token])[0]
                        try fresh.append([token])
                    }
                    #expect(abs(nll - found.nll) < 1e-3 * max(1, nll))
                    #expect(found.tokens == tokens.count)
                    compared += 1
                }
            }
        }
        #expect(compared > 3)
    }

    @Test func aSmallContextLeavesThePool() throws {
        let small = try SharedModels.model("babyllama-tok361.F32")
        let large = try SharedModels.model("stories260K.F32")
        let sources = [
            SessionSource(try Session(model: large), prompt: try large.rawPrompt("Once upon a time")),
            SessionSource(try Session(model: small, context: 40), prompt: try small.rawPrompt("Once upon a time")),
        ]
        var options = FusionOptions()
        options.limit = 40
        let result = try CoolFusion(sources, options: options).run()
        #expect(result.events == [.left(model: "babyllama-tok361.F32", reason: .contextFull(context: 40))])
        #expect(result.stop == .length)
    }
}
