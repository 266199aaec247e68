// Logits of every reference model: in one batch, token by token, and in chunks. Tolerances are those of the models'
// own cases.json; engines that quantise activations are held to the bounds made for them.

import Compute
import Testing

@testable import Transformer

struct ConformanceTests {
    @Test(arguments: ReferenceModel.all, [1000, 1, 7])
    func logitsAgree(_ model: ReferenceModel, chunk: Int) throws {
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 1, blas: false))
        for test in model.cases {
            let cache = try decoder.makeCache(context: test.n_ctx, type: .f32)
            let all = try logits(of: test.tokens, decoder, cache, chunk: chunk)
            let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
            #expect(
                deviation.largest <= model.tolerance.max_abs_diff_over_std,
                "\(model.name), chunks of \(chunk), \(test.tokens.count) tokens")
            if let rms = model.tolerance.rel_rms { #expect(deviation.rms <= rms) }
        }
    }

    @Test(arguments: ReferenceModel.all.filter(\.isF32))
    func f16CacheIsClose(_ model: ReferenceModel) throws {
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 2, blas: false))
        for test in model.cases {
            let cache = try decoder.makeCache(context: test.n_ctx, type: .f16)
            let all = try logits(of: test.tokens, decoder, cache, chunk: 1000)
            let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
            #expect(deviation.largest <= 1.2e-2)  // the kit's README: about 1e-2
        }
    }

    /// The model's heads are 32 wide, a block of Q8_0; its tolerance is that of 8-bit activations.
    @Test(arguments: [CacheType.f16, .q8_0])
    func compressedCachesAreClose(_ type: CacheType) throws {
        let model = try ReferenceModel.named("tiny-llama-Q4_K_M")
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 1))
        for test in model.cases {
            let cache = try decoder.makeCache(context: test.n_ctx, type: type)
            let all = try logits(of: test.tokens, decoder, cache, chunk: 7)
            let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
            #expect(deviation.largest <= model.tolerance.max_abs_diff_over_std)
            #expect(deviation.rms <= (try #require(model.tolerance.rel_rms)))
        }
    }
}
