// Branches, commits, forks and caches of the decoder on Vulkan. Scoring must equal generation to the bit here too: up to
// 32 rows a row's results do not depend on the other rows.

import CKernels
import Compute
import GGUF
import Testing
import Transformer

@testable import VulkanCompute

extension OnDevice {
    @Suite struct DecoderTests {
        static let models = VulkanReferenceModel.all.filter {
            ["tiny-llama", "tiny-llama-Q4_K_M", "gemma2", "qwen2moe", "mixtral-Q4_0", "bloom"].contains($0.name)
        }
        let prefix: [Int32] = [5, 9, 17, 3, 22, 101, 64, 7, 250, 33, 12]
        let continuations: [[Int32]] = [[8], [44, 2, 91, 6], [44, 2], [200, 13, 14, 15, 16, 17, 18]]

        func scored(_ tokens: [Int32]) -> Want { .scores(targets: tokens.dropFirst().map { $0 } + [nil]) }

        @Test(arguments: models, [CacheType.f32, .f16])
        func branchesEqualContinuationsAlone(_ model: VulkanReferenceModel, _ type: CacheType) throws {
            let decoder = try model.decoder(try #require(TestDevice.backend))
            let shared = try decoder.makeCache(context: 100, type: type)
            _ = try decoder.forward([Run(cache: shared, tokens: prefix, want: .nothing)])
            let start = shared.checkpoint()
            let branches = continuations.map { _ in shared.openBranch() }
            let together = try decoder.forward(
                zip(branches, continuations).map { Run(cache: shared, branch: $0, tokens: $1, want: scored($1)) })
            // The last branch becomes the trunk: its cells move down over those of the others.
            try shared.commit(branches[3])
            let fork = try shared.fork()
            let next = try decoder.forward([Run(cache: shared, tokens: [77])])[0]
            #expect(try decoder.forward([Run(cache: fork, tokens: [77])])[0].logits == next.logits)
            for (i, tokens) in continuations.enumerated() {
                try shared.rollback(to: start)
                let alone = try decoder.forward([Run(cache: shared, tokens: tokens, want: scored(tokens))])[0]
                #expect(try together[i].logits == alone.logits)
                #expect(together[i].logprobs == alone.logprobs)
                if i == 3 {
                    #expect(try decoder.forward([Run(cache: shared, tokens: [77])])[0].logits == next.logits)
                }
            }
        }

        @Test(.enabled(if: TestDevice.integerDot != nil, "no integer dot products"), arguments: models)
        func integerDotsDoNotMixRows(_ model: VulkanReferenceModel) throws {
            let decoder = try model.decoder(try #require(TestDevice.integerDot))
            let (shared, own) = (try decoder.makeCache(context: 100), try decoder.makeCache(context: 100))
            let runs = continuations.map {
                Run(cache: shared, branch: shared.openBranch(), tokens: $0, want: scored($0))
            }
            let together = try decoder.forward(runs)
            let start = own.checkpoint()
            for (i, tokens) in continuations.enumerated() {
                try own.rollback(to: start)
                let alone = try decoder.forward([Run(cache: own, tokens: tokens, want: scored(tokens))])[0]
                #expect(try together[i].logits == alone.logits)
                #expect(together[i].logprobs == alone.logprobs)
            }
        }

        /// Token by token through rounded cells: near the logits with exact cells, and not the same.
        @Test(arguments: [CacheType.f16, .q8_0])
        func roundedCachesAreClose(_ type: CacheType) throws {
            let model = try #require(VulkanReferenceModel.all.first { $0.name == "tiny-llama-Q4_K_M" })
            let decoder = try model.decoder(try #require(TestDevice.backend))
            let rows = try [CacheType.f32, type].map { type in
                let cache = try decoder.makeCache(context: 100, type: type)
                return try prefix.flatMap { try decoder.forward([Run(cache: cache, tokens: [$0])])[0].logits }
            }
            // F16 rounds a value by 2^-12 of it, Q8_0 by 1/254 of the largest of its block.
            let largest = rows[0].reduce(0) { max($0, abs($1)) }
            let difference = zip(rows[0], rows[1]).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(difference > 0)
            #expect(difference <= largest * (type == .f16 ? 1e-3 : 2e-2))
        }

        /// Passes of several threads share one command buffer: each still gets the logits it gets alone.
        @Test func passesOfSeveralThreadsDoNotMix() async throws {
            let model = try #require(VulkanReferenceModel.all.first { $0.name == "tiny-qwen2" })
            let decoder = try model.decoder(try #require(TestDevice.backend))
            let texts = (0..<4).map { i in prefix.map { ($0 + Int32(i)) % 256 } }
            let pass = { @Sendable (tokens: [Int32]) throws -> [Float] in
                let cache = try decoder.makeCache(context: 32)
                return try decoder.forward([Run(cache: cache, tokens: tokens, want: .allLogits)])[0].logits
            }
            let alone = try texts.map(pass)
            let together = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
                for (i, tokens) in texts.enumerated() { group.addTask { (i, try pass(tokens)) } }
                return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
            }
            for i in texts.indices { #expect(together[i] == alone[i]) }
        }

        /// The first blocks on the CPU, the others and the head here.
        @Test(arguments: models)
        func layersMayBeOnTheCPU(_ model: VulkanReferenceModel) throws {
            let (device, host) = (try #require(TestDevice.backend), try CPUBackend(threads: 1, blas: false))
            let path = try #require(model.folder).appendingPathComponent("model.gguf").path
            let decoder = try Decoder(file: try GGUFFile(path: path)) {
                Placement(layers: 1, of: $0, device: device, host: host)
            }
            #expect(decoder.backend === device)
            for test in model.cases {
                let cache = try decoder.makeCache(context: test.n_ctx, type: .f32)
                let run = Run(cache: cache, tokens: test.tokens, want: .allLogits)
                let all = try decoder.forward([run])[0].logits
                let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
                // The CPU's part rounds activations where weights are quantised.
                #expect(deviation <= model.tolerance.max_abs_diff_over_std, "\(model.name)")
            }
        }

        /// A long prompt's visits to experts are sorted and multiplied in tiles, which adds in another order.
        @Test(arguments: VulkanReferenceModel.all.filter { ["qwen2moe", "gpt-oss", "mixtral-Q4_0"].contains($0.name) })
        func sortedVisitsAgreeWithSingleOnes(_ model: VulkanReferenceModel) throws {
            let device = try #require(TestDevice.backend).device
            let logits = { (off: Set<String>) throws -> [Float] in
                let decoder = try model.decoder(try VulkanBackend(device, switchedOff: off, arithmetic: []))
                let tokens = (0..<90).map { Int32($0 * 37 % 200 + 3) }
                let cache = try decoder.makeCache(context: 100, type: .f32)
                return try decoder.forward([Run(cache: cache, tokens: tokens, want: .allLogits)])[0].logits
            }
            let (sorted, single) = (try logits([]), try logits(["group"]))
            let largest = single.reduce(0) { max($0, abs($1)) }
            #expect(sorted != single)
            #expect(zip(sorted, single).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
        }

        /// Dense products and experts of a long prompt by cooperative matrices: not the bits of F32, and near them.
        @Test(
            .enabled(if: TestDevice.matrices != nil, "no cooperative matrices"),
            arguments: VulkanReferenceModel.all.filter { ["tiny-llama-Q4_K_M", "mixtral-Q8_0"].contains($0.name) })
        func matricesAreNearExactArithmetic(_ model: VulkanReferenceModel) throws {
            let logits = { (backend: VulkanBackend) throws -> [Float] in
                let decoder = try model.decoder(backend)
                let cache = try decoder.makeCache(context: 100, type: .f32)
                let tokens = (0..<90).map { Int32($0 * 37 % 200 + 3) }
                return try decoder.forward([Run(cache: cache, tokens: tokens, want: .allLogits)])[0].logits
            }
            let rounded = try logits(try #require(TestDevice.matrices))
            let exact = try logits(try #require(TestDevice.backend))
            let largest = exact.reduce(0) { max($0, abs($1)) }
            #expect(rounded != exact)
            #expect(zip(rounded, exact).allSatisfy { abs($0 - $1) <= 3e-3 * largest })
        }

        @Test func keptRowsHaveTheBitsOfScores() throws {
            let backend = try #require(TestDevice.backend)
            let model = try #require(VulkanReferenceModel.all.first { $0.name == "tiny-qwen3" })
            let decoder = try model.decoder(backend)
            let cache = try decoder.makeCache(context: 100)
            let first = try decoder.forward([Run(cache: cache, tokens: prefix)])[0]
            let again = try decoder.makeCache(context: 100)
            let targets: [Int32?] = prefix.dropFirst().map { $0 } + [42]
            let scores = try decoder.forward([Run(cache: again, tokens: prefix, want: .scores(targets: targets))])[0]
            #expect(try first.logits[42] - Float(first.rows[0].logSumExp) == scores.logprobs[prefix.count - 1])
        }
    }
}
