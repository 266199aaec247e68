// kernel-bench --compare: what it calls a difference, what it calls noise, and what it refuses to compare.
import Foundation
import Testing

private let path = Executable.path.deletingLastPathComponent().appendingPathComponent("kernel-bench")

private func kernelBench(_ arguments: [String]) throws -> Executable.Outcome {
    try Executable.run(arguments, program: path)
}

/// A report with one benchmark: its time, its spread, and a machine that reads at this speed.
private func report(_ time: Double, spread: Double, reads: Double = 30, cpu: String = "Test CPU") throws -> String {
    let lines = [
        #"{"kernel_bench": 1, "model": "m", "cpu": "\#(cpu)", "features": "avx2", "commit": "abc"}"#,
        #"{"isa": "avx2", "reads_gb_per_s": [\#(reads)], "f32_gop_per_s": 100, "int8_gop_per_s": 400}"#,
        #"{"name": "matmul avx2 Q8_0", "cpu_us": \#(time), "spread": \#(spread), "gb_per_s": 1, "gop_per_s": 1}"#,
    ]
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("kernel-bench-\(UUID().uuidString)").path
    try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
    return file
}

@Test(arguments: [
    (100.0, 90.0, 0.02, 30.0, "faster"),  // 10 % at 2 % noise
    (90, 100, 0.02, 30, "slower"),
    (100, 97, 0.04, 30, "within noise"),  // 3 % at 4 %
    (100, 99.5, 0, 30, "within noise"),  // never below one percent
    (100, 90, 0.02, 27, "within noise"),  // the machine itself changed by 10 %
])
func differencesAndNoise(_ a: Double, _ b: Double, _ spread: Double, _ reads: Double, _ verdict: String) throws {
    let files = [try report(a, spread: spread), try report(b, spread: spread, reads: reads)]
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    let compared = try kernelBench(["--compare"] + files)
    #expect(compared.code == 0)
    let line = try #require(compared.text.split(separator: "\n").first { $0.hasPrefix("matmul") })
    #expect(line.hasSuffix(": \(verdict)"), "\(compared.text)")
}

@Test func otherMachinesAreNotCompared() throws {
    let files = [try report(1, spread: 0), try report(1, spread: 0, cpu: "Another CPU")]
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    #expect(try kernelBench(["--compare"] + files).code == 65)
    #expect(try kernelBench(["--compare", files[0], "/nonexistent"]).code == 65)
    #expect(try kernelBench(["--compare", files[0], Executable.fixture("tiny-llama")]).code == 65)
    #expect(try kernelBench(["--compare", files[0]]).code == 64)
}

@Test func everyMeasurementSaysWhereItWasMade() throws {
    let measured = try kernelBench(["--json", "--isa", "scalar", "--filter", "rms_norm"])
    #expect(measured.code == 0)
    let lines = try measured.text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(lines.count == 3, "\(measured.text)")
    #expect(lines[0]["cpu"] is String && lines[0]["features"] is String && lines[0]["commit"] is String)
    #expect((lines[1]["reads_gb_per_s"] as? [Double])?.count == 4)
    let share = try #require(lines[2]["share_of_limit"] as? Double)
    #expect(share > 0 && lines[2]["gb_per_s"] as? Double ?? 0 > 0)
}
