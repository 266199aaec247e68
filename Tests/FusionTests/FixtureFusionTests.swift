// Tiny random models of three tokenizer families. They write noise: torn characters, white space, control
// tokens; so they try the promises where well-behaved text does not.

import Foundation
import Inference
import Testing

@testable import Fusion

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/logits")

private let pools = [
    ["tiny-llama", "tiny-qwen2", "tiny-gpt2"], ["tiny-gpt2", "tiny-llama-Q8_0"],
    ["tiny-qwen2-Q8_0", "tiny-llama-Q4_K_M", "tiny-llama"], ["tiny-qwen3", "tiny-llama"],
]

private let prompts = ["Once upon a time", "", "1 + 2 =", "\u{1F469}\u{200D}\u{1F467} caf\u{E9}\r\n"]

private func source(_ name: String, _ prompt: String) throws -> SessionSource {
    var options = ModelOptions()
    (options.threads, options.name) = (1, name)
    let model = try Model(path: folder.appendingPathComponent("\(name)/model.gguf").path, options: options)
    let begun = try model.prompt([.init(role: "user", content: prompt)])
    return SessionSource(try Session(model: model), prompt: begun)
}

private func options(_ limit: Int, _ change: (inout FusionOptions) -> Void = { _ in }) -> FusionOptions {
    var options = FusionOptions()
    options.limit = limit
    change(&options)
    return options
}

@Test(arguments: ["tiny-llama", "tiny-gpt2", "tiny-qwen2", "tiny-qwen3", "tiny-llama-Q4_K_M"], prompts)
func noiseOfOneModelIsItsOwn(name: String, prompt: String) throws {
    let alone = try source(name, prompt)
    try alone.session.append(alone.prompt.tokens)
    var generating = GenerationOptions()
    (generating.limit, generating.stripsLeadingSpace) = (40, alone.prompt.isRendered)
    let expected = try alone.session.generate(generating)
    let fused = try CoolFusion([try source(name, prompt)], options: options(40)).run()
    #expect(fused.text == expected.text)
    let copies = try CoolFusion([try source(name, prompt), try source(name, prompt)], options: options(40)).run()
    #expect(copies.text == expected.text)
}

@Test(arguments: pools, prompts) func noiseIsTheSameWithEveryShortcut(names: [String], prompt: String) throws {
    func run(_ change: (inout FusionOptions) -> Void) throws -> FusionResult {
        try CoolFusion(try names.map { try source($0, prompt) }, options: options(24, change)).run()
    }
    let plain = try run { $0.shortcuts = .none }
    for change in [\Shortcuts.agreement, \.commitFromScoring, \.lookahead, \.draft, \.lookup] {
        let fast = try run {
            $0.shortcuts = .none
            $0.shortcuts[keyPath: change] = true
        }
        #expect(fast.text == plain.text)
        #expect(fast.segments.map(\.proposers) == plain.segments.map(\.proposers))
    }
    #expect(try run { _ in }.text == plain.text)
}

@Test(arguments: pools, prompts) func noiseIsHeldByEveryModel(names: [String], prompt: String) throws {
    let sources = try names.map { try source($0, prompt) }
    let fusion = try CoolFusion(sources, options: options(24))
    while try fusion.next() != nil, fusion.stop == nil {
        for (source, member) in zip(sources, fusion.members) where fusion.answer.bytes == Array(fusion.text.utf8) {
            let bytes = member.tokens.flatMap(source.bytes(of:))
            #expect(bytes.suffix(fusion.answer.bytes.count) == fusion.answer.bytes[...])
            #expect(bytes.dropLast(fusion.answer.bytes.count).allSatisfy(isWhitespaceByte))
        }
    }
}
