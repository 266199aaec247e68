// Rows of logits that stay on the device: they answer as the host's do, and writing greedily brings none of them back.

import CKernels
import Compute
import Fusion
import Inference
import Testing
import Transformer

@testable import VulkanCompute

extension OnDevice {
    @Suite struct LogitRowTests {
        let backend: VulkanBackend

        init() throws { backend = try #require(TestDevice.backend) }

        func keep(_ rows: [[Float]], on backend: VulkanBackend) throws -> [any LogitRow] {
            let side = SelfTestSide(backend, form: .given)
            return try backend.keep(
                Array(rows.indices), of: try side.upload(rows.flatMap { $0 }, [rows.count, rows[0].count]))
        }

        /// Sizes around those of a workgroup, numbers that occur often, both zeros, tiny and huge numbers.
        @Test(arguments: [1, 2, 63, 255, 256, 257, 513, 1000, 32003])
        func answersAreThoseOfTheHost(count: Int) throws {
            var rows = (1...5).map { (seed: Int) -> [Float] in
                (0..<count).map { (i: Int) -> Float in Float((i + seed) * 7919 * seed % 10007 % 19) - 9 }
            }
            rows.append((0..<count).map { $0 % 2 == 0 ? -0.0 : 0 })
            rows.append((0..<count).map { $0 % 3 == 0 ? 0x1p-140 : 0 }.reversed())
            rows.append((0..<count).map { -1e30 - Float($0 % 7) * 1e29 })
            for (row, values) in zip(try keep(rows, on: backend), rows) {
                let host = HostLogits(values)
                #expect(row.count == count && row.isFinite)
                #expect(row.argmax == host.argmax)
                #expect(try row.values() == values)
                let tokens = [0, Int32(count - 1), host.argmax, Int32(count), -1]
                let (found, expected) = (
                    try row.logProbabilities(of: tokens), try host.logProbabilities(of: tokens)
                )
                for (a, b) in zip(found, expected) { #expect(a == b || abs(a - b) <= max(1, abs(b)) * 1e-5) }
            }
        }

        @Test(arguments: [Float.nan, -.nan, .infinity, -.infinity])
        func whatIsNotFiniteIsSeenAnywhere(wrong: Float) throws {
            for place in [0, 1, 255, 256, 700, 999] {
                var values = (0..<1000).map { Float($0 % 50) }
                values[place] = wrong
                let rows = try keep([values, values.map { $0.isFinite ? $0 : 1 }], on: backend)
                #expect(rows.map(\.isFinite) == [false, true])
                #expect(rows[0].argmax == Int32(place))
            }
        }

        @Test func keptRowsStayAsTheyAre() throws {
            let side = SelfTestSide(backend, form: .given)
            let logits = try side.upload([1, 2, 3, 4, 5, 6, 9, 8, 7], [3, 3])
            let rows = try backend.keep([2, 0], of: logits)
            backend.write([Float](repeating: 0, count: 9), to: logits)
            #expect(try rows.map { try $0.values() } == [[9, 8, 7], [1, 2, 3]])
            #expect(rows.map(\.argmax) == [0, 2])
        }

        @Test func readRowsStandInForAWrongShader() throws {
            let backend = try VulkanBackend(backend.device, switchedOff: ["argmax"])
            let rows = try keep([[1, 5, 5], [2, 0, .nan]], on: backend)
            #expect(rows[0].argmax == 1)
            #expect(rows.map(\.isFinite) == [true, false])
            #expect(VulkanBackend.irreplaceable(["argmax"]).isEmpty)
        }

        @Test func rowsGoToTheHostWhereTheDeviceIsFull() throws {
            let backend = try VulkanBackend(backend.device, arithmetic: [])
            let side = SelfTestSide(backend, form: .given)
            // Copies of 12 MB: memory of their own.
            let width = 1 << 20
            let logits = try side.upload((0..<3 * width).map { Float($0 * 7919 % 1009) }, [3, width])
            let onDevice = try backend.keep([2, 0, 1], of: logits)
            backend.pool.exhaust()
            let before = backend.bytesRead
            let onHost = try backend.keep([2, 0, 1], of: logits)
            #expect(backend.bytesRead == before + 3 * width * 4)
            #expect(onHost.map(\.argmax) == onDevice.map(\.argmax))
            #expect(try onHost.map { try $0.values() } == onDevice.map { try $0.values() })
        }

        /// Three words a row, and one for each other logit that is asked for.
        @Test func onlyAnswersComeBack() throws {
            let before = backend.bytesRead
            let row = try keep([[Float](repeating: 1, count: 1000)], on: backend)[0]
            #expect(try row.logProbabilities(of: [row.argmax]).count == 1)
            #expect(backend.bytesRead == before + 12)
            _ = try row.logProbabilities(of: [3, 5, 2000])
            #expect(backend.bytesRead == before + 20)
            _ = try row.values()
            #expect(backend.bytesRead == before + 4020)
        }

        func session() throws -> Session {
            let model = try #require(VulkanReferenceModel.all.first { $0.name == "tiny-llama" })
            let path = try #require(model.folder).appendingPathComponent("model.gguf").path
            return try Session(model: try Model(path: path, backend: backend))
        }

        /// How many bytes come back while 20 tokens are written, and which.
        func write(_ set: (inout Sampling) -> Void = { _ in }) throws -> (bytes: Int, tokens: [Int32]) {
            let session = try session()
            var options = GenerationOptions()
            (options.limit, options.ignoresEOS) = (20, true)
            set(&options.sampling)
            let before = backend.bytesRead
            try session.append([5, 9, 17, 3, 22])
            let tokens = try session.generate(options).tokens
            return (backend.bytesRead - before, tokens)
        }

        @Test func writingGreedilyReadsTwelveBytesAToken() throws {
            let row = 4 * (try session().model.decoder.config.vocabularySize)
            let greedy = try write()
            #expect(greedy.bytes == 20 * 12)
            let first = try write { ($0.temperature, $0.topK) = (1, 1) }
            #expect(first.bytes == 20 * 12 && first.tokens == greedy.tokens)
            // Who adjusts or draws needs the row.
            #expect(try write { $0.logitBias = [greedy.tokens[0]: -1] }.bytes == 20 * (12 + row))
            #expect(try write { $0.temperature = 1 }.bytes == 20 * (12 + row))
            let adjusted = try write { $0.logitBias = [1_000_000: 1] }
            #expect(adjusted.tokens == greedy.tokens)
        }

        @Test func draftsAndScoresReadNoRows() throws {
            let session = try session()
            let source = SessionSource(session, prompt: try session.model.rawPrompt("The old man"))
            let before = backend.bytesRead
            try source.start(nil)
            let run = try (0..<4).map { _ in try source.next() }
            #expect(backend.bytesRead == before + 4 * 12)
            source.dropRun()
            #expect(try source.verify(run.map(\.token)).starts(with: run))
            #expect(backend.bytesRead == before + 8 * 12)
            // A first token's logit, one score each, and the row behind each.
            let scores = try source.score([
                Continuation(tokens: [run[0].token, 7]), Continuation(tokens: [11, 12], stop: 2),
            ])
            #expect(scores.map(\.count) == [2, 3])
            #expect(scores[0][0] == run[0].logprob)
            #expect(backend.bytesRead < before + 200)
            try source.append(scored: 1)
            #expect(try source.next().logprob < 0)
            #expect(backend.bytesRead < before + 200)
        }
    }
}
