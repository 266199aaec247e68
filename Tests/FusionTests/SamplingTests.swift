// Draws inside proposers: one model is itself, no shortcut changes a draw, samples side by side are the same samples.

import Foundation
import Inference
import Testing

@testable import Fusion

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/logits")

private func source(_ name: String) throws -> SessionSource {
    var options = ModelOptions()
    (options.threads, options.name) = (1, name)
    let model = try Model(path: folder.appendingPathComponent("\(name)/model.gguf").path, options: options)
    return SessionSource(try Session(model: model), prompt: try model.rawPrompt("The old man said"))
}

private func sampled(_ seed: UInt64, _ change: (inout FusionOptions) -> Void = { _ in }) -> FusionOptions {
    var options = FusionOptions()
    options.limit = 20
    var sampling = Sampling()
    (sampling.temperature, sampling.seed, sampling.repeatPenalty) = (0.9, seed, 1.1)
    options.sampling = sampling
    change(&options)
    return options
}

@Test(arguments: ["tiny-llama", "tiny-gpt2"], [UInt64(1), 2, 3]) func oneModelDrawsWhatItDrawsAlone(
    name: String, seed: UInt64
) throws {
    let alone = try source(name)
    try alone.session.append(alone.prompt.tokens)
    let options = sampled(seed)
    var generating = GenerationOptions()
    generating.limit = 20
    generating.sampling = try #require(options.sampling)
    let expected = try alone.session.generate(generating).text
    #expect(try CoolFusion([try source(name)], options: options).run().text == expected)
    #expect(
        try CoolFusion([try source(name)], options: sampled(seed) { $0.shortcuts = .none }).run().text == expected)
}

@Test(arguments: [UInt64(1), 2, 3, 4]) func noShortcutChangesADraw(seed: UInt64) throws {
    let names = ["tiny-llama", "tiny-qwen2", "tiny-gpt2"]
    let plain = try CoolFusion(try names.map(source), options: sampled(seed) { $0.shortcuts = .none }).run()
    for change in [\Shortcuts.agreement, \.commitFromScoring, \.lookahead, \.draft, \.lookup] {
        let fast = try CoolFusion(
            try names.map(source),
            options: sampled(seed) {
                $0.shortcuts = .none
                $0.shortcuts[keyPath: change] = true
            }
        ).run()
        #expect(fast.text == plain.text)
        #expect(fast.segments.map(\.proposers) == plain.segments.map(\.proposers))
    }
    #expect(try CoolFusion(try names.map(source), options: sampled(seed)).run().text == plain.text)
    #expect(try CoolFusion(try names.map(source), options: sampled(seed + 10)).run().text != plain.text)
}

@Test func samplesSideBySideAreThoseOneByOne() throws {
    let names = ["tiny-llama", "tiny-qwen2"]
    let options = sampled(7) {
        $0.strategy = .rerank
        $0.samples = 3
    }
    let result = try fuse(try names.map(source), options: options)
    var expected: [String] = []
    for (index, name) in names.enumerated() {
        for sample in 0..<3 {
            var alone = sampled(7)
            alone.sampling = alone.sampling?.seeded(model: index, sample: sample)
            let writer = try source(name)
            let counter = index == 0 ? writer : try source(names[0])
            expected.append(try CoolFusion([writer], options: alone, counting: counter).run().text)
        }
    }
    #expect(Set(result.answers.map(\.text)) == Set(expected))
    #expect(result.answers.flatMap(\.authors).count == 6)
}

@Test func aModelThatHasNoCopiesWritesItsSamplesInTurn() throws {
    let model = randomModel("m", seed: 3, story: 3)
    let options = sampled(1) {
        $0.strategy = .vote
        $0.samples = 3
    }
    // The scripted model is greedy whatever it is told: one answer with three votes.
    let result = try fuse([model], options: options)
    #expect(result.answers.map(\.authors) == [["m", "m", "m"]])
}
