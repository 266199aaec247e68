// Jobs that take turns: the same results as alone, to the bit, and an error stays with the job whose it is.

import Foundation
import Testing
import Transformer

@testable import Inference

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/logits")

private func model(_ name: String) throws -> Model {
    var options = ModelOptions()
    options.threads = 1
    return try Model(path: folder.appendingPathComponent("\(name)/model.gguf").path, options: options)
}

/// Tokens and the last logits of a text that one model writes to a prompt of its own.
private func write(_ model: Model, _ place: Int, context: Int? = nil) throws -> ([Int32], [Float]) {
    let session = try Session(model: model, context: context)
    try session.append(model.rawPrompt(String(repeating: "The old man ", count: place % 4 + 1)).tokens)
    var options = GenerationOptions()
    (options.limit, options.ignoresEOS) = (12 + place, true)
    let tokens = try session.generate(options).tokens
    return (tokens, try session.allLogits())
}

@Test func jobsOfTwoModelsWriteWhatTheyWriteAlone() throws {
    let models = [try model("tiny-llama"), try model("tiny-gpt2")]
    let expected = try (0..<9).map { try write(models[$0 % 2], $0) }
    var found: [Int: ([Int32], [Float])] = [:]
    interleave(9) { place in found[place] = try? write(models[place % 2], place) }
    for (place, own) in expected.enumerated() {
        #expect(found[place]?.0 == own.0)
        #expect(found[place]?.1 == own.1)
    }
}

@Test func jobsMayBeginJobs() throws {
    let model = try model("tiny-llama")
    let expected = try (0..<4).map { try write(model, $0).0 }
    var found: [[[Int32]]] = Array(repeating: [], count: 3)
    interleave(3) { outer in
        var inner: [[Int32]] = Array(repeating: [], count: 4)
        interleave(4) { place in inner[place] = (try? write(model, place).0) ?? [] }
        found[outer] = inner
    }
    #expect(found.allSatisfy { $0 == expected })
}

@Test func anErrorStaysWithItsJob() throws {
    let model = try model("tiny-llama")
    let expected = try (0..<4).map { try write(model, $0).0 }
    var found: [[Int32]?] = Array(repeating: nil, count: 4)
    var failed = 0
    interleave(6) { place in
        // The last two ask for what a vocabulary does not have.
        if place >= 4 {
            do {
                let session = try Session(model: model)
                try session.append([1])
                try session.append([1_000_000])
            } catch {
                failed += 1
            }
        } else {
            found[place] = try? write(model, place).0
        }
    }
    #expect(failed == 2)
    #expect(found.map { $0 ?? [] } == expected)
}

/// The plan is made before a session exists; what it counts is what the session then takes.
@Test(arguments: [100, 3000]) func aSessionTakesTheCacheThatIsPlanned(context: Int) throws {
    let model = try model("tiny-llama")
    let planned = try MemoryDemand(
        name: "m", file: model.file, mode: .map, context: context, cacheType: model.cacheType, batch: (512, 32))
    #expect(try Session(model: model, context: context).cache.byteCount == planned.cache)
}
