// `coolfusion quantize` as users run it; the choices it makes are tested in TransformerTests.
import Foundation
import Testing

@Suite struct QuantizeTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("quantize-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func theResultIsAModel() throws {
        let source = Executable.fixture("tiny-llama")
        let outcome = try Executable.run(["quantize", source, path("q8.gguf"), "q8_0", "--tensor-type", "attn_v=F16"])
        #expect(outcome.code == 0, "\(outcome.error)")
        let report = try Executable.run(["inspect", "--json", "--strict", path("q8.gguf")]).json()
        let types = try #require(report["types"] as? [String: Any])
        #expect(Set(types.keys) == ["F32", "F16", "Q8_0"])
        #expect((report["findings"] as? [Any])?.isEmpty == true)
        let generated = try Executable.run(["run", "-m", path("q8.gguf"), "--raw", "-p", "a", "-n", "3"])
        #expect(generated.code == 0)
    }

    @Test func notesSayWhatBecameOfOddRows() throws {
        let source = Executable.fixture("tiny-llama")
        let outcome = try Executable.run(["quantize", "--json", source, path("q4.gguf"), "Q4_K_M"])
        let tensors = try #require(try outcome.json()["tensors"] as? [[String: Any]])
        #expect(tensors.contains { $0["to"] as? String == "Q5_0" && $0["note"] is String })
        #expect(outcome.error.contains("are no multiple of 256: Q5_0 instead of Q4_K"))
    }

    @Test func refusalsHaveTheirCodes() throws {
        let source = Executable.fixture("tiny-llama"), quantized = Executable.fixture("tiny-llama-Q8_0")
        let target = path("never.gguf")
        #expect(try Executable.run(["quantize", source, target, "Q9"]).code == 64)
        #expect(try Executable.run(["quantize", source, target, "IQ1_S"]).error.contains("no quantiser to IQ1_S"))
        #expect(try Executable.run(["quantize", source, target, "Q8_0", "--tensor-type", "x"]).code == 64)
        #expect(try Executable.run(["quantize", quantized, target, "Q4_0"]).code == 65)
        #expect(try Executable.run(["quantize", path("absent.gguf"), target, "Q4_0"]).code == 66)
        #expect(try Executable.run(["quantize", source, "/nonexistent/x.gguf", "Q8_0"]).code == 66)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// Ctrl-C leaves neither the file nor a half of it.
    @Test func anInterruptionLeavesNothing() throws {
        let large = path("large.gguf")
        try LargeModel.write(to: large, rows: 1 << 16)
        let running = try Executable.start(["quantize", large, path("out.gguf"), "IQ4_XS", "-t", "1"])
        let deadline = Date(timeIntervalSinceNow: 20)
        while try FileManager.default.contentsOfDirectory(atPath: folder.path).count < 2, Date() < deadline {
            usleep(2000)
        }
        usleep(20_000)
        running.process.interrupt()
        let outcome = try running.finish()
        #expect(outcome.code == 130)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["large.gguf"])
    }
}

/// A model file with one large matrix, which takes a second or so to quantise.
private enum LargeModel {
    static func write(to path: String, rows: Int) throws {
        var bytes = Data("GGUF".utf8)
        func append<T: FixedWidthInteger>(_ value: T) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        func append(text: String) {
            append(UInt64(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
        append(UInt32(3))
        append(UInt64(1))
        append(UInt64(1))
        append(text: "general.architecture")
        append(UInt32(8))
        append(text: "llama")
        append(text: "token_embd.weight")
        append(UInt32(2))
        append(UInt64(256))
        append(UInt64(rows))
        append(UInt32(0))
        append(UInt64(0))
        bytes.append(Data(count: (32 - bytes.count % 32) % 32))
        let row = (0..<256).map { Float(($0 * 7919) % 256) - 128 }
        let data = row.withUnsafeBytes { Data($0) }
        for _ in 0..<rows { bytes.append(data) }
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}
