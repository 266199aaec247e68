// Every shortcut on and off over many prompts: the same bytes and the same winners. A few prompts by default;
// COOLFUSION_PROMPTS=200 runs as many as the documentation speaks of.

import Foundation
import Inference
import Testing

@testable import Fusion

private let count = ProcessInfo.processInfo.environment["COOLFUSION_PROMPTS"].flatMap(Int.init) ?? 3

private let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/logits")

/// Beginnings of stories and of nonsense, the same on every machine.
private func prompt(_ number: Int) -> String {
    let words = [
        "Once", "upon", "a", "time", "there", "was", "little", "girl", "named", "Lily", "One", "day", "the", "big",
        "dog", "and", "cat", "went", "to", "park", "red", "ball", "He", "She", "said", "\"Hello", "Mom", "12", "3.",
    ]
    let length = 1 + number % 7
    return (0..<length).map { words[Int(mix(UInt64(number), UInt64($0)) % UInt64(words.count))] }
        .joined(separator: " ")
}

private func texts(_ models: [Model], _ number: Int, rank: String, _ shortcuts: Shortcuts) throws -> FusionResult {
    var options = FusionOptions()
    (options.limit, options.rank, options.shortcuts) = (16, rank, shortcuts)
    return try CoolFusion(
        try models.map { SessionSource(try Session(model: $0), prompt: try $0.rawPrompt(prompt(number))) },
        options: options
    ).run()
}

private func compare(_ models: [Model]) throws {
    for number in 0..<count {
        let rank = RankRule.all[number % RankRule.all.count].name
        let plain = try texts(models, number, rank: rank, .none)
        var variants = [Shortcuts()]
        for (_, shortcut) in Shortcuts.names {
            var one = Shortcuts.none
            one[keyPath: shortcut] = true
            variants.append(one)
        }
        for variant in variants {
            let fast = try texts(models, number, rank: rank, variant)
            #expect(fast.text == plain.text, "prompt \(number), \(rank)")
            #expect(fast.segments.map(\.proposers) == plain.segments.map(\.proposers), "prompt \(number), \(rank)")
        }
    }
}

@Test(.enabled(if: SharedModels.arePresent)) func trainedModelsWriteTheSameWithEveryShortcut() throws {
    try compare(RealFusionTests.trio.map { try SharedModels.model("\($0).Q8_0") })
}

@Test func fourArchitecturesWriteTheSameWithEveryShortcut() throws {
    var options = ModelOptions()
    options.threads = 1
    try compare(
        ["tiny-llama", "tiny-qwen2", "tiny-gpt2", "tiny-qwen3"].map {
            try Model(path: fixtures.appendingPathComponent("\($0)/model.gguf").path, options: options)
        })
}
