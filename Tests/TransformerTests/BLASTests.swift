// Prompts through OpenBLAS: as close to the reference as without, and switched off when asked.

import Compute
import Testing

@testable import Transformer

struct BLASTests {
    static let usable = (try? CPUBackend(threads: 1).usesBLAS) ?? false
    /// One that leaves prompts of 96 rows and more to OpenBLAS.
    static let isa = CPUBackend.availableISAs.contains("avx2") ? "avx2" : "scalar"

    @Test(.enabled(if: usable), arguments: ReferenceModel.all.filter(\.isF32))
    func longPromptsAgree(_ model: ReferenceModel) throws {
        let decoder = try Decoder(file: model.file(), backend: CPUBackend(threads: 2, isa: Self.isa))
        for test in model.cases where test.tokens.count >= 64 {
            let cache = try decoder.makeCache(context: test.n_ctx, type: .f32)
            let all = try logits(of: test.tokens, decoder, cache, chunk: 1000)
            let deviation = try model.deviation(of: all, test, width: decoder.config.vocabularySize)
            #expect(deviation.largest <= model.tolerance.max_abs_diff_over_std)
        }
    }

    @Test(.enabled(if: usable), arguments: ["tiny-llama", "tiny-gpt2"])
    func longPromptsAgreeWithTheKernels(_ name: String) throws {
        let file = try ReferenceModel.named(name).file()
        let tokens = (0..<100).map { Int32(($0 * 31 + 7) % 300) }
        let rows = try [false, true].map { blas in
            let decoder = try Decoder(file: file, backend: CPUBackend(threads: 2, isa: Self.isa, blas: blas))
            return try logits(of: tokens, decoder, decoder.makeCache(context: 128), chunk: 100)
        }
        let deviation = Deviation(rows[1], from: rows[0], unit: 1)
        #expect(deviation.largest < 1e-3 && deviation.largest > 0)  // > 0: another order of sums, so OpenBLAS ran
    }

    @Test func canBeSwitchedOff() throws {
        #expect(try !CPUBackend(threads: 1, blas: false).usesBLAS)
    }
}
