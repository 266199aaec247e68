// What a forward pass refuses, and that a refused batch leaves the cache as it was.

import Compute
import Testing

@testable import Transformer

struct BatchRefusalTests {
    let decoder: Decoder
    let cache: KVCache

    init() throws {
        decoder = try Decoder(file: ReferenceModel.named("tiny-llama").file(), backend: CPUBackend(threads: 1))
        cache = try decoder.makeCache(context: 8, branchCells: 4)
        _ = try decoder.forward([Run(cache: cache, tokens: [1, 2, 3, 4, 5])])
    }

    /// The cache goes on as if the refused batch had never been.
    func expectUntouched() throws {
        #expect(cache.length == 5)
        cache.closeBranches()
        let next = try decoder.forward([Run(cache: cache, tokens: [6])])[0]
        let straight = try decoder.forward([
            Run(cache: decoder.makeCache(context: 8), tokens: [1, 2, 3, 4, 5, 6])
        ])[0]
        #expect(try next.logits == straight.logits)
    }

    func refusal(_ runs: [Run]) -> String {
        do {
            _ = try decoder.forward(runs)
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func contextFull() throws {
        let other = try decoder.makeCache(context: 4)
        let message = refusal([Run(cache: other, tokens: [1]), Run(cache: cache, tokens: [1, 2, 3, 4])])
        #expect(message == "the context is full: 5 of 8 tokens used, 4 more requested")
        #expect(other.length == 0)
        let branch = cache.openBranch()
        #expect(refusal([Run(cache: cache, branch: branch, tokens: [1, 2, 3, 4])]).contains("context is full"))
        #expect(try cache.length(of: branch) == 0)
        try expectUntouched()
    }

    @Test func branchCellsFull() throws {
        let runs = (0..<3).map { _ in Run(cache: cache, branch: cache.openBranch(), tokens: [1, 2, 3]) }
        #expect(refusal(runs) == "the cache has 1 cells left for branches, 3 more requested")
        try expectUntouched()
    }

    @Test func badTokensAndTargets() throws {
        let size = Int32(decoder.config.vocabularySize)
        #expect(refusal([Run(cache: cache, tokens: [size])]).contains("token \(size) is not in the vocabulary"))
        #expect(refusal([Run(cache: cache, tokens: [-1])]).contains("token -1"))
        #expect(refusal([Run(cache: cache, tokens: [1], want: .scores(targets: [size]))]).contains("token \(size)"))
        #expect(refusal([Run(cache: cache, tokens: [1], want: .scores(targets: []))]).contains("0 targets"))
        #expect(refusal([Run(cache: cache, tokens: [])]) == "a run has no tokens")
        try expectUntouched()
    }

    @Test func conflictingTimelines() throws {
        let branch = cache.openBranch()
        let onBranch = Run(cache: cache, branch: branch, tokens: [1])
        #expect(refusal([onBranch, onBranch]).contains("twice in one batch"))
        #expect(refusal([Run(cache: cache, tokens: [1])]).contains("open branches"))
        cache.closeBranches()
        #expect(refusal([onBranch]).contains("the branch is closed"))
        let stranger = try decoder.makeCache(context: 8)
        #expect(refusal([Run(cache: cache, branch: stranger.openBranch(), tokens: [1])]).contains("another cache"))
        let trunk = Run(cache: cache, tokens: [1])
        #expect(refusal([trunk, trunk]).contains("twice in one batch"))
        try expectUntouched()
    }

    @Test func cacheOfAnotherDecoder() throws {
        let other = try Decoder(file: ReferenceModel.named("tiny-qwen3").file(), backend: CPUBackend(threads: 1))
        #expect(refusal([Run(cache: try other.makeCache(context: 4), tokens: [1])]).contains("another decoder"))
    }

    @Test func impossibleCaches() throws {
        #expect(throws: TransformerError.self) { try decoder.makeCache(context: 0) }
        #expect(throws: TransformerError.self) { try decoder.makeCache(context: .max) }
        let gpt2 = try Decoder(file: ReferenceModel.named("tiny-gpt2").file(), backend: CPUBackend(threads: 1))
        #expect(throws: TransformerError.self) { try gpt2.makeCache(context: gpt2.config.contextLength + 1) }
        // Heads of this model are 8 wide, less than a block of Q8_0.
        #expect(gpt2.config.keyLength % 32 != 0)
        #expect(throws: TransformerError.self) { try gpt2.makeCache(context: 8, type: .q8_0) }
    }

    @Test func longContextCostsNothingUntilUsed() throws {
        let cache = try decoder.makeCache(context: 1 << 24, type: .f32)
        #expect(cache.byteCount > 1 << 30)
        let output = try decoder.forward([Run(cache: cache, tokens: [1, 2])])[0]
        #expect(output.isFinite)
    }
}
