// `coolfusion inspect`: what stands in a GGUF file, without loading a model from it.
import ArgumentParser
import GGUF

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is in a GGUF file: metadata, tensors, types, tokenizer, memory needed.",
        discussion: """
            With -v every tensor is listed. Exit code 65 if the file breaks a rule of the format; with --strict also if it \
            breaks one that good files keep.
            """)

    @Argument(help: ArgumentHelp("The file, or a name that `coolfusion models` lists.", valueName: "model"))
    var model: String

    @Option(name: [.customShort("c"), .customLong("ctx-size")], help: "Context in tokens for the estimate of memory.")
    var context: Int?

    @Flag(help: "JSON on stdout.")
    var json = false

    @Flag(
        help: "Also hold the file to the rules that good files keep; list every finding, exit code 65 if there is one.")
    var strict = false

    @OptionGroup var reporting: ReportingOptions

    func validate() throws {
        if let context, context < 1 { throw ValidationError("-c must be at least 1, found \(context)") }
    }

    func run() throws {
        let path = try modelPath(model)
        let findings = strict ? GGUFLint.check(path: path) : nil
        // A file with findings is shown as far as it can be read at all.
        let file = try strict ? GGUFFile(inspecting: path) : GGUFFile(path: path)
        let report = FileReport(file: file, context: context)
        if json {
            try StandardOutput.line(report.json(findings: findings))
        } else {
            try StandardOutput.write(report.text(listsTensors: reporting.verbose))
        }
        guard let findings else { return }
        guard let last = findings.last else {
            return reporting.note("the file keeps all \(GGUFRule.allCases.count) rules")
        }
        for finding in findings.dropLast() {
            StandardError.line(Terminal.safe("coolfusion: \(finding)"))
        }
        throw CommandError.badData(last.description)
    }
}
