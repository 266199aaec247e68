// `coolfusion doctor`: what computes here, and whether it computes rightly. Every kernel of every instruction set this CPU
// has, and every shader on every Vulkan device, against the scalar reference; nothing is taken from an earlier verdict.
import ArgumentParser
import Compute
import Inference
import VulkanCompute

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Test the kernels of every device; say what is used and why.",
        discussion: """
            Vulkan devices are numbered as in --device vulkan:N. With -v every test is listed. Exit code 69 if the CPU or \
            a device that --device names computes wrongly or cannot be used.
            """)

    @Option(help: ArgumentHelp("Test only this: cpu, vulkan or vulkan:N (auto: everything).", valueName: "device"))
    var device = "auto"

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var reporting: ReportingOptions

    /// What was found about one CPU instruction set or one device.
    private struct Diagnosis {
        var name: String
        var report: SelfTestReport?
        /// Why it cannot be used; nil: it can, perhaps without the variants that failed.
        var problem: String?
    }

    func run() throws {
        let choice = try DeviceChoice(option: device)
        var all: [Diagnosis] = []
        if choice == .automatic || choice == .cpu { all += try CPUBackend.availableISAs.map(examine(isa:)) }
        if choice != .cpu { all += try examineDevices(choice) }
        if json {
            try StandardOutput.line(.array(all.map(object)))
        } else {
            try StandardOutput.write(all.map(text).joined() + conclusion(choice))
        }
        let isDecisive = { (one: Diagnosis) in one.name.hasPrefix("cpu") || choice != .automatic }
        if let bad = all.first(where: { $0.problem != nil && isDecisive($0) }) {
            throw CommandError.device("\(bad.name): \(bad.problem ?? "")")
        }
    }

    private func examine(isa: String) throws -> Diagnosis {
        let report = try SelfTest.run(isa: isa)
        let failed = report.failed
        return Diagnosis(
            name: "cpu \(isa)", report: report,
            problem: failed.isEmpty ? nil : "computes wrongly in \(failed.joined(separator: ", "))")
    }

    private func examineDevices(_ choice: DeviceChoice) throws -> [Diagnosis] {
        do throws(VulkanError) {
            let instance = try Instance()
            guard case .vulkan(let index) = choice else { return instance.devices.map { examine($0, of: instance) } }
            return [examine(try instance.device(index), of: instance)]
        } catch {
            if choice != .automatic { throw InferenceError.device(error) }
            return [Diagnosis(name: "vulkan", report: nil, problem: error.description)]
        }
    }

    private func examine(_ description: DeviceDescription, of instance: Instance) -> Diagnosis {
        var one = Diagnosis(
            name: "vulkan:\(description.index) \(description.name), \(description.driver), \(description.kind)",
            report: nil, problem: nil)
        do throws(VulkanError) {
            let device = try Device(description, of: instance)
            let report = try SelfTestReport.made(on: device)
            one.report = report
            try report.check(device)
        } catch {
            one.problem = error.description
        }
        return one
    }

    // MARK: Output

    private func text(_ one: Diagnosis) -> String {
        var text = one.name + "\n"
        if let report = one.report {
            let failed = report.findings.filter { !$0.passed }
            let largest = report.findings.compactMap { one in one.error.map { $0 / one.allowed } }.max() ?? 0
            text += "  \(report.findings.count - failed.count) of \(report.findings.count) tests passed, "
            text += "largest error \(decimals(Double(largest) * 100, 1)) % of what is allowed, \(seconds(report)) s\n"
            for finding in reporting.verbose ? report.findings : failed {
                let result = finding.error.map { "error \($0)" } ?? finding.problem ?? ""
                text += "  \(finding.passed ? "ok" : "FAILED, switched off"): \(finding.variant), \(result)\n"
            }
        }
        if let problem = one.problem { text += "  not used: \(problem)\n" }
        return text
    }

    /// What a run without --device uses.
    private func conclusion(_ choice: DeviceChoice) throws -> String {
        guard choice == .automatic else { return "" }
        var options = ModelOptions()
        options.device = .automatic
        let chosen = try options.chooseBackend()
        let note = chosen.note.map { " (\($0))" } ?? ""
        return "--device auto takes: \(chosen.backend.name)\(note)\n"
    }

    private func object(_ one: Diagnosis) -> JSON {
        [
            "device": .string(one.name), "problem": one.problem.map(JSON.string) ?? .null,
            "seconds": one.report.map { .number(seconds($0)) } ?? .null,
            "tests": .array(
                (one.report?.findings ?? []).map { finding in
                    [
                        "name": .string(finding.variant), "passed": .bool(finding.passed),
                        "error": finding.error.flatMap { $0.isFinite ? JSON.single($0) : nil } ?? .null,
                        "problem": finding.problem.map(JSON.string) ?? .null,
                    ]
                }),
        ]
    }

    private func seconds(_ report: SelfTestReport) -> Double { (report.seconds * 100).rounded() / 100 }
}
