// Branches, rollback, fork and batches of several timelines. Every comparison is bitwise: below the OpenBLAS threshold a
// row's logits depend on its own tokens only.

import CKernels
import Compute
import Glibc
import Testing

@testable import Transformer

/// Small models of several kinds: dense, quantised, windowed, with experts; those of the kit where it is there.
let smallModels = ReferenceModel.all.filter {
    [
        "tiny-llama", "tiny-llama-Q8_0", "tiny-llama-Q4_K_M", "tiny-qwen3", "tiny-gpt2", "gemma2", "mixtral",
        "falcon-40b", "qwen2moe", "gpt-oss", "bloom",
    ]
    .contains($0.name)
}

struct BranchTests {
    let prefix: [Int32] = [5, 9, 17, 3, 22, 101, 64, 7, 250, 33, 12]
    let continuations: [[Int32]] = [[8], [44, 2, 91, 6], [44, 2], [200, 13, 14, 15, 16, 17, 18]]

    func decoder(_ model: ReferenceModel, threads: Int = 2) throws -> Decoder {
        try Decoder(file: model.file(), backend: CPUBackend(threads: threads))
    }

    /// A cache that has seen the tokens, and the logits after the last.
    func cache(_ decoder: Decoder, after tokens: [Int32]) throws -> (KVCache, [Float]) {
        let cache = try decoder.makeCache(context: 100)
        let output = try decoder.forward([Run(cache: cache, tokens: tokens)])[0]
        return (cache, try output.logits)
    }

    func scored(_ tokens: [Int32]) -> Want { .scores(targets: tokens.dropFirst().map { $0 } + [nil]) }

    @Test(arguments: smallModels)
    func branchesEqualContinuationsAlone(_ model: ReferenceModel) throws {
        let decoder = try decoder(model)
        let (shared, _) = try cache(decoder, after: prefix)
        let runs = continuations.map {
            Run(cache: shared, branch: shared.openBranch(), tokens: $0, want: scored($0))
        }
        let together = try decoder.forward(runs)
        for (tokens, output) in zip(continuations, together) {
            let (own, _) = try cache(decoder, after: prefix)
            let alone = try decoder.forward([Run(cache: own, tokens: tokens, want: scored(tokens))])[0]
            #expect(try output.logits == alone.logits)
            #expect(output.logprobs == alone.logprobs)
            #expect(output.isFinite)
        }
    }

    @Test(arguments: smallModels, [nil, 2])
    func committedBranchBecomesTheTrunk(_ model: ReferenceModel, count: Int?) throws {
        let decoder = try decoder(model)
        let (shared, _) = try cache(decoder, after: prefix)
        let branches = continuations.map { _ in shared.openBranch() }
        _ = try decoder.forward(
            zip(branches, continuations).map { Run(cache: shared, branch: $0, tokens: $1, want: .nothing) })
        try shared.commit(branches[3], count: count)
        let text = prefix + continuations[3].prefix(count ?? .max)
        #expect(shared.length == text.count)
        #expect(!shared.hasBranches)
        let next = try decoder.forward([Run(cache: shared, tokens: [77])])[0]
        let (_, straight) = try cache(decoder, after: text + [77])
        #expect(try next.logits == straight)
        #expect(throws: TransformerError.self) { try shared.commit(branches[0]) }
    }

    @Test func branchesGrowOverSeveralForwards() throws {
        for model in smallModels {
            let decoder = try decoder(model)
            let (shared, _) = try cache(decoder, after: prefix)
            let (a, b) = (shared.openBranch(), shared.openBranch())
            for i in 0..<3 {
                _ = try decoder.forward([
                    Run(cache: shared, branch: a, tokens: [Int32(20 + i)], want: .nothing),
                    Run(cache: shared, branch: b, tokens: [Int32(40 + i), 9], want: .nothing),
                ])
            }
            let child = try shared.openBranch(from: b)
            let outputs = try decoder.forward([
                Run(cache: shared, branch: b, tokens: [50]), Run(cache: shared, branch: a, tokens: [51]),
                Run(cache: shared, branch: child, tokens: [52]),
            ])
            #expect(try shared.length(of: b) == 7)
            let textOfB: [Int32] = prefix + [40, 9, 41, 9, 42, 9]
            #expect(try outputs[0].logits == cache(decoder, after: textOfB + [50]).1)
            #expect(try outputs[1].logits == cache(decoder, after: prefix + [20, 21, 22, 51]).1)
            #expect(try outputs[2].logits == cache(decoder, after: textOfB + [52]).1)
            try shared.commit(child)
            let next = try decoder.forward([Run(cache: shared, tokens: [53])])[0]
            #expect(try next.logits == cache(decoder, after: textOfB + [52, 53]).1)
        }
    }

    @Test(arguments: smallModels)
    func rollbackAndForkForget(_ model: ReferenceModel) throws {
        let decoder = try decoder(model)
        let (cache, _) = try cache(decoder, after: prefix)
        let point = cache.checkpoint()
        let fork = try cache.fork()
        _ = try decoder.forward([Run(cache: cache, tokens: [90, 91, 92])])
        let late = cache.checkpoint()
        try cache.rollback(to: point)
        #expect(cache.length == prefix.count)
        #expect(throws: TransformerError.self) { try cache.rollback(to: late) }
        #expect(throws: TransformerError.self) { try fork.rollback(to: point) }
        let again = try decoder.forward([Run(cache: cache, tokens: [60]), Run(cache: fork, tokens: [61])])
        #expect(try again[0].logits == self.cache(decoder, after: prefix + [60]).1)
        #expect(try again[1].logits == self.cache(decoder, after: prefix + [61]).1)
    }

    @Test(arguments: smallModels)
    func severalTextsInOneBatch(_ model: ReferenceModel) throws {
        let decoder = try decoder(model)
        let texts: [[Int32]] = [prefix, [1, 2], [30, 31, 32, 33, 34]]
        let caches = try texts.map { _ in try decoder.makeCache(context: 50) }
        let first = try decoder.forward(zip(caches, texts).map { Run(cache: $0, tokens: $1) })
        let branch = caches[1].openBranch()
        let second = try decoder.forward([
            Run(cache: caches[2], tokens: [4]), Run(cache: caches[1], branch: branch, tokens: [5, 6]),
        ])
        for (text, output) in zip(texts, first) { #expect(try output.logits == cache(decoder, after: text).1) }
        #expect(try second[0].logits == cache(decoder, after: texts[2] + [4]).1)
        #expect(try second[1].logits == cache(decoder, after: texts[1] + [5, 6]).1)
    }
}

struct InvarianceTests {
    @Test(arguments: ReferenceModel.all)
    func aRowDoesNotDependOnItsBatchOrTheThreads(_ model: ReferenceModel) throws {
        let decoders = try [1, 2].map { try Decoder(file: model.file(), backend: CPUBackend(threads: $0)) }
        let tokens = (0..<40).map { Int32(($0 * 37 + 11) % 250) }
        let alone = try logits(of: tokens, decoders[0], decoders[0].makeCache(context: 64), chunk: 1)
        for decoder in decoders {
            for chunk in [2, 5, 8, 31, 32] {
                let batched = try logits(of: tokens, decoder, decoder.makeCache(context: 64), chunk: chunk)
                #expect(batched == alone, "chunks of \(chunk)")
            }
        }
    }

    @Test(arguments: smallModels)
    func scoresAreLogSoftmaxOfLogits(_ model: ReferenceModel) throws {
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        let tokens: [Int32] = [4, 8, 15, 16, 23, 42]
        let targets: [Int32?] = [8, nil, 16, 23, 42, 1]
        let width = decoder.config.vocabularySize
        let scores = try decoder.forward([
            Run(cache: decoder.makeCache(context: 8), tokens: tokens, want: .scores(targets: targets))
        ])[0]
        let all = try logits(of: tokens, decoder, decoder.makeCache(context: 8), chunk: 6)
        #expect(try scores.logits == Array(all.suffix(width)))
        for (i, target) in targets.enumerated() {
            let row = all[i * width..<(i + 1) * width].map(Double.init)
            let top = row.max() ?? 0
            let sum = row.reduce(0) { $0 + exp($1 - top) }
            let expected = target.map { row[Int($0)] - top - log(sum) } ?? 0
            #expect(abs(Double(scores.logprobs[i]) - expected) < 1e-5)
        }
        let rows = try decoder.backend.makeTensor(type: tensor_type_f32, shape: [targets.count, width])
        decoder.backend.write(all, to: rows)
        #expect(try scores.logprobs == decoder.backend.logProbabilities(of: targets[...], logits: rows))
    }

    @Test func timelinesOfSeveralThreadsDoNotMix() async throws {
        let decoder = try Decoder(file: ReferenceModel.named("qwen2moe").file(), backend: CPUBackend(threads: 2))
        let texts = (0..<4).map { seed in (0..<24).map { Int32(($0 * 37 + seed * 11) % 250) } }
        let alone = try texts.map { try logits(of: $0, decoder, decoder.makeCache(context: 32), chunk: 5) }
        try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for (i, text) in texts.enumerated() {
                group.addTask {
                    (i, try logits(of: text, decoder, decoder.makeCache(context: 32), chunk: 5))
                }
            }
            for try await (i, together) in group { #expect(together == alone[i]) }
        }
    }
}
