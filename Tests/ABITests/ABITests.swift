// The C interface from C: the test compiles abi_test.c against the header and the built shared library, and runs it.
// What it checks stands in abi_test.c; here is only that a C compiler and the library come together.
import Foundation
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
private let root = folder.deletingLastPathComponent().deletingLastPathComponent()
private let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
private let compilers = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"]
private let compiler = compilers.first { FileManager.default.isExecutableFile(atPath: $0) }

private func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

@Test(.enabled(if: compiler != nil, "no C compiler"), .timeLimit(.minutes(5)))
func everyFunctionFromC() throws {
    let program = FileManager.default.temporaryDirectory.appendingPathComponent("abi_test-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: program) }
    let compiled = try run(
        try #require(compiler),
        [
            "-std=c11", "-Wall", "-Wextra", "-Werror", "-I\(root.path)/Sources/CCoolFusion/include",
            folder.appendingPathComponent("abi_test.c").path, "-o", program, "-L\(products.path)", "-lcoolfusion-c",
            "-lm",
            "-Wl,-rpath,\(products.path)",
        ])
    #expect(compiled.code == 0, "\(compiled.output)")
    let models = ["tiny-llama", "tiny-qwen3"].map { "\(root.path)/Tests/Fixtures/logits/\($0)/model.gguf" }
    let outcome = try run(program, models + ["100"])
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(outcome.output.hasSuffix("ok\n"))
}
