// The C interface from C: the test compiles the C files beside it against the header and the built shared library, and
// runs them. What they check stands there; here is only that a C compiler and the library come together.
import Foundation
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
private let root = folder.deletingLastPathComponent().deletingLastPathComponent()
private let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
private let compilers = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"]
private let compiler = compilers.first { FileManager.default.isExecutableFile(atPath: $0) }

/// Whether asserts run: the library then keeps closed handles and refuses calls with them for certain.
private let isDebug: Bool = {
    var isDebug = false
    assert(
        {
            isDebug = true
            return true
        }())
    return isDebug
}()

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
    let sources = ["abi_test.c", "bad_input.c", "threads.c"].map { folder.appendingPathComponent($0).path }
    let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread"] + (isDebug ? ["-DCLOSED_HANDLES"] : [])
    let compiled = try run(
        try #require(compiler),
        flags + ["-I\(root.path)/Sources/CCoolFusion/include"] + sources + [
            "-o", program, "-L\(products.path)", "-lcoolfusion-c", "-lm", "-Wl,-rpath,\(products.path)",
        ])
    #expect(compiled.code == 0, "\(compiled.output)")
    let models = ["tiny-llama", "tiny-qwen3"].map { "\(root.path)/Tests/Fixtures/logits/\($0)/model.gguf" }
    let outcome = try run(program, models + ["100"])
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(outcome.output.hasSuffix("ok\n"))
}
