// Weights of more bytes than the device gives at once lie in several allocations: the same bits come out as from one.
// The limit is the test's: a description of the device that says less than its driver does.

import CKernels
import Compute
import Testing
import Transformer

@testable import VulkanCompute

extension OnDevice {
    @Suite struct SplitWeightTests {
        let whole: VulkanBackend

        init() throws { whole = try #require(TestDevice.backend) }

        /// A backend on a device that gives so many bytes at once.
        func backend(giving bytes: Int, reach: Int = 1 << 31) throws -> VulkanBackend {
            var small = whole.device.description
            small.largestAllocation = bytes
            return try VulkanBackend(try Device(small, of: whole.device.instance), arithmetic: [], reach: reach)
        }

        func isSplit(_ weight: Tensor) -> Bool { weight.buffer.owner is SplitMemory }

        /// One product of few rows, one of many, one with a view from the middle, and rows of it as embeddings.
        func results(_ type: tensor_type, on backend: VulkanBackend) throws -> [Float] {
            let side = SelfTestSide(backend, form: .given)
            let weight = try side.weight(type, 1500, 512)
            #expect(isSplit(weight) == (backend !== whole))
            var result: [Float] = []
            for (rows, range) in [(3, 0..<1500), (40, 0..<1500), (2, 301..<1291)] {
                let part = range.count == weight.rows ? weight : weight.rowSlice(range)
                let (x, y) = (try side.floats(rows, 512), try side.empty(rows, range.count))
                let bias = try side.floats(range.count)
                backend.project(x, through: [Projection(part, bias: bias, into: y)])
                result += try backend.read(y)
            }
            let ids: [Int32] = [1499, 0, 700, 255, 256, 511, 513]
            let y = try side.empty(ids.count, 512)
            backend.embed(ids, table: weight, into: y, accumulate: false)
            backend.embed(ids.reversed(), table: weight, into: y, accumulate: true)
            return try result + backend.read(y)
        }

        @Test(arguments: [tensor_type_f32, tensor_type_f16, tensor_type_q8_0, tensor_type_q6_K])
        func productsAndEmbeddingsHaveTheSameBits(_ type: tensor_type) throws {
            let expected = try results(type, on: whole)
            #expect(try results(type, on: backend(giving: 256 << 10)) == expected)
            #expect(try results(type, on: backend(giving: 256 << 10, reach: 100_000)) == expected)
        }

        @Test func expertsAreCutBetweenExperts() throws {
            let mixed = { (backend: VulkanBackend) throws -> [Float] in
                let side = SelfTestSide(backend, form: .given)
                let (ups, downs) = (try experts(10, 100, 256, side), try experts(10, 256, 100, side))
                #expect(isSplit(ups) == (backend !== whole))
                let networks = (0..<10).map { i in
                    Experts.FeedForward(
                        gate: nil, up: ups.rowSlice(i * 100..<(i + 1) * 100),
                        down: downs.rowSlice(i * 256..<(i + 1) * 256))
                }
                let (x, y) = (try side.floats(20, 256), try side.empty(20, 256))
                let mixture = Experts(router: try side.floats(10, 256), networks: networks, used: 3)
                backend.mixExperts(x, experts: mixture, into: y)
                return try backend.read(y)
            }
            #expect(try mixed(backend(giving: 256 << 10)) == mixed(whole))
        }

        private func experts(_ count: Int, _ rows: Int, _ columns: Int, _ side: SelfTestSide) throws -> Tensor {
            let values = (0..<count * rows * columns).map { Float($0 * 7919 % 1009) / 1009 - 0.5 }
            return try side.upload(values, [count, rows, columns])
        }

        @Test(arguments: VulkanReferenceModel.all.filter { ["tiny-llama", "qwen2moe", "bloom"].contains($0.name) })
        func modelsHaveTheSameLogits(_ model: VulkanReferenceModel) throws {
            let logits = { (backend: VulkanBackend) throws -> [Float] in
                let decoder = try model.decoder(backend)
                let cache = try decoder.makeCache(context: 40, type: .f32, branchCells: 0)
                let tokens: [Int32] = [5, 9, 17, 3, 22, 101, 64, 7, 33, 12]
                return try decoder.forward([Run(cache: cache, tokens: tokens, want: .allLogits)])[0].logits
            }
            #expect(try logits(backend(giving: 20 << 10)) == logits(whole))
        }

        /// Caches are not cut.
        @Test func whatIsNoWeightIsRefused() throws {
            let backend = try backend(giving: 64 << 10)
            #expect(throws: ComputeError.self) { try backend.makeTensor(type: tensor_type_f32, shape: [1 << 14]) }
            #expect(try backend.makeTensor(type: tensor_type_f32, shape: [(1 << 14) - 16]).rows == 1)
        }
    }
}
