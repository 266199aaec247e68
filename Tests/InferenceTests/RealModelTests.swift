// Real models against recorded truth: greedy ids, log-probabilities, scores of fixed texts.

import Foundation
import Testing

@testable import Inference

@Suite(.enabled(if: SharedModels.arePresent))
struct RealModelTests {
    @Test(arguments: f32Names) func greedyAsRecorded(name: String) throws {
        let record = try SharedModels.record(name)
        let model = try SharedModels.model("\(name).F32")
        let prompt = try model.rawPrompt(record.prompt)
        #expect(prompt.tokens == record.prompt_ids)
        #expect(!prompt.isRendered)
        let session = try Session(model: model)
        try session.append(prompt.tokens)
        var options = GenerationOptions()
        options.limit = record.greedy_ids.count
        options.ignoresEOS = true
        let generation = try session.generate(options)
        #expect(generation.tokens == record.greedy_ids)
        #expect(generation.text == record.greedy_text)
        #expect(generation.stop == .length)
        for (found, expected) in zip(generation.logprobs, record.greedy_logprobs) {
            #expect(abs(found - expected) < 1e-3)
        }
    }

    @Test(arguments: f32Names) func textsScoreAsRecorded(name: String) throws {
        let record = try SharedModels.record(name)
        let model = try SharedModels.model("\(name).F32")
        for text in record.scored_texts {
            #expect(try model.rawPrompt(text.text).tokens == text.ids)
            let session = try Session(model: model)
            try session.append([text.ids[0]])
            let score = try Scorer(session).score([Array(text.ids[1...])])[0]
            for (found, expected) in zip(score.logprobs, text.token_logprobs) {
                #expect(abs(found - expected) < 1e-3)
            }
            #expect(abs(score.nll + text.total_logprob_nats) < 1e-2)
        }
    }

    @Test func aBatchScoresAsOneByOne() throws {
        let session = try SharedModels.session("stories260K.F32")
        let texts = [", there was", " in", "", " a big red ball. It was very very happy", ", there was"]
        let tokens = texts.map { text in
            session.model.tokenizer.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: false)
        }
        let scorer = Scorer(session)
        let together = try scorer.score(tokens).map(\.logprobs)
        let alone = try tokens.map { try scorer.score([$0])[0].logprobs }
        #expect(together == alone)
        for (tokens, logprobs) in zip(tokens, together) {
            let copy = try session.fork()
            for (token, logprob) in zip(tokens, logprobs) {
                let row = try #require(copy.logits)
                #expect(try abs(row.logProbabilities(of: [token])[0] - logprob) < 1e-5)
                try copy.append([token])
            }
        }
    }

    @Test func aCommittedContinuationIsAnAppendedOne() throws {
        for behind in [0, 1, 2] {
            let (left, right) = (
                try SharedModels.session("stories260K.F32"), try SharedModels.session("stories260K.F32")
            )
            var draft = left.draft()
            try left.extend(&draft, by: [432, 383, 286])
            let scored = try left.score(
                [(tokens: [261, 376], stop: 2), (tokens: [298], stop: nil)], after: draft, count: behind)
            try left.commit(scored[0], behind: draft)
            for token: Int32 in [432, 383].prefix(behind) + [261, 376] { try right.append([token]) }
            #expect(left.tokens == right.tokens)
            #expect(try left.allLogits() == right.allLogits())
            try left.append([400])
            try right.append([400])
            #expect(try left.allLogits() == right.allLogits())
        }
    }

    @Test func goingBackGivesTheSameLogits() throws {
        let session = try SharedModels.session("stories260K.F32")
        let point = session.checkpoint()
        let before = try session.allLogits()
        try session.append([432, 383, 286])
        let after = try session.allLogits()
        try session.append([261, 376])
        try session.rewind(to: session.tokens.count - 2)
        #expect(try session.allLogits() == after)
        try session.append([261, 376])
        try session.rewind(to: session.tokens.count - 4)
        try session.append([383, 286])
        #expect(try session.allLogits() == after)
        try session.rollback(to: point)
        #expect(try session.allLogits() == before)
    }

    @Test func draftsAreKeptInPart() throws {
        let session = try SharedModels.session("stories260K.F32")
        let other = try SharedModels.session("stories260K.F32")
        var draft = session.draft()
        try session.extend(&draft, by: [432, 383, 400])
        var second = try session.draft(from: draft, count: 2)
        try session.extend(&second, by: [286])
        second.forgetLogits(before: 2)
        #expect(second.logits.map { $0 == nil } == [true, true, false])
        try session.commit(second, count: 3)
        try other.append([432, 383, 286])
        #expect(session.tokens == other.tokens)
        #expect(try session.allLogits() == other.allLogits())
    }

    @Test func contextsFill() throws {
        let model = try SharedModels.model("stories260K.F32")
        let prompt = try model.rawPrompt("Once upon a time").tokens
        let session = try Session(model: model, context: prompt.count + 3)
        #expect(throws: InferenceError.self) { try session.append(prompt + [1, 1, 1, 1]) }
        #expect(session.tokens.isEmpty)
        try session.append(prompt)
        let generation = try session.generate()
        #expect(generation.stop == .context)
        #expect(generation.tokens.count == 4)
        #expect(throws: InferenceError.self) { try session.append([1]) }
    }

    @Test func stopStringsCutTheText() throws {
        let session = try SharedModels.session("stories260K.F32")
        var options = GenerationOptions()
        options.limit = 60
        options.stopStrings = ["named L"]
        var pieces = ""
        let generation = try session.generate(options) {
            pieces += $0; return true
        }
        #expect(generation.text == ", there was a little girl ")
        #expect(pieces == generation.text)
        #expect(generation.stop == .stopString)
    }

    @Test func sameSeedSameText() throws {
        func text(_ seed: UInt64, _ change: (inout Sampling) -> Void = { _ in }) throws -> String {
            var options = GenerationOptions()
            options.limit = 30
            options.sampling.temperature = 1
            options.sampling.seed = seed
            change(&options.sampling)
            return try SharedModels.session("stories260K.F32").generate(options).text
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
        let greedy = try text(1) { $0.temperature = 0 }
        #expect(try text(3) { $0.topK = 1 } == greedy)
        #expect(try text(3) { $0.topP = 1e-9 } == greedy)
        #expect(try text(3) { ($0.topK, $0.topP, $0.minP) = (0, 1, 1) } == greedy)
    }

    @Test func quantizationIsNamedAsUsersSayIt() throws {
        for type in ["F32", "Q8_0", "Q4_0", "Q5_1", "IQ4_NL", "BF16"] {
            #expect(try SharedModels.model("stories260K.\(type)").quantization == type)
        }
        let model = try SharedModels.model("stories260K.F32") { $0.name = "tales" }
        #expect(model.name == "tales")
        #expect(try SharedModels.model("stories260K.F32").name == "stories260K.F32")
    }
}
