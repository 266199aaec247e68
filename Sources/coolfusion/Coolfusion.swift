// The command line: parses, calls the library, prints. stdout carries the answer only, stderr everything else.
// One subcommand per file in Commands/; the contract of flags, JSON and exit codes stands in README.md.
import ArgumentParser

@main
struct Coolfusion: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "coolfusion",
        abstract: "Several language models write one text together (Cool-Fusion), on GGUF files.",
        version: version,
        subcommands: [
            Fuse.self, RunCommand.self, Chat.self, ScoreCommand.self, Perplexity.self, Logits.self, Tokenize.self,
            TemplateCommand.self, Inspect.self, Bench.self, Eval.self, Quantize.self, Models.self, Doctor.self,
        ])

    static func main() {
        Interruption.install()
        do {
            try requireUTF8Arguments()
            var command = try parseAsRoot()
            try command.run()
        } catch {
            CommandExit.end(error)
        }
    }

    /// Swift repairs invalid UTF-8 in arguments silently; a prompt must not be changed, so it is refused here.
    private static func requireUTF8Arguments() throws(CommandError) {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: argument) == nil {
                throw .usage("argument \(index) is not valid UTF-8: \(String(cString: argument))")
            }
        }
    }
}
