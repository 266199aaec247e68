// Runs the built `coolfusion` as a user would: arguments and stdin in, stdout, stderr and exit code out.
import Foundation
import Testing

enum Executable {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Beside the test binary in the build folder.
    static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("coolfusion")

    static func fixture(_ name: String) -> String {
        root.appendingPathComponent("Tests/Fixtures/logits/\(name)/model.gguf").path
    }

    /// A model of the shared material; nil where that is absent.
    static func shared(_ name: String) -> String? {
        let path = root.appendingPathComponent("../shared/models/\(name).gguf").standardizedFileURL.path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    struct Outcome {
        var output: Data
        var error: String
        var code: Int32

        var text: String { String(decoding: output, as: UTF8.self) }

        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any], "\(text)\(error)")
        }
    }

    /// Starts the program; `environment` is added to a small fixed one.
    static func start(
        _ arguments: [String], program: URL = path, environment: [String: String] = [:]
    ) throws -> RunningCommand {
        try RunningCommand(program, arguments, environment: environment)
    }

    static func run(
        _ arguments: [String], program: URL = path, input: String = "", environment: [String: String] = [:]
    ) throws -> Outcome {
        try start(arguments, program: program, environment: environment).finish(input: input)
    }
}

/// A started program whose output is collected in the background.
final class RunningCommand {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errorFile: URL

    init(_ program: URL, _ arguments: [String], environment: [String: String]) throws {
        errorFile = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
        try Data().write(to: errorFile)
        process.executableURL = program
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
    }

    /// The next bytes of stdout, as soon as there are any.
    func readSome() -> Data { output.fileHandleForReading.availableData }

    /// Input before `finish`.
    func write(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    /// Closes the reading end: the program's next write meets a broken pipe.
    func closeOutput() throws { try output.fileHandleForReading.close() }

    func finish(input text: String = "", afterReading first: Data = Data()) throws -> Executable.Outcome {
        if !text.isEmpty { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
        try input.fileHandleForWriting.close()
        let rest = (try? output.fileHandleForReading.readToEnd()) ?? nil
        process.waitUntilExit()
        defer { try? FileManager.default.removeItem(at: errorFile) }
        let signalled = process.terminationReason == .uncaughtSignal
        return Executable.Outcome(
            output: first + (rest ?? Data()), error: try String(contentsOf: errorFile, encoding: .utf8),
            code: signalled ? -process.terminationStatus : process.terminationStatus)
    }
}

/// A file in a folder of its own that goes away with the value.
final class TemporaryFile: Sendable {
    let path: String
    private let folder: URL

    init(_ contents: Data, name: String = "model.gguf") throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent(name)
        try contents.write(to: file)
        path = file.path
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
