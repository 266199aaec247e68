// The self-test: every shader variant against the scalar reference on this device, before its results are believed.
// One idea: a driver that computes wrongly is found by computing. A variant that fails is switched off by name: matvec and
// matmul stand in for each other and for faster products, experts for their tiles, a weight type without shaders becomes
// F16; where nothing stands in, the device is refused. The verdict is kept by device, driver and build of this program, so
// only the first run pays. Routing and sorting are checked with the experts.

import CKernels
import CVulkan
import Compute
import Glibc

/// What the self-test found on one device.
public struct SelfTestReport: Sendable {
    public struct Finding: Sendable {
        /// The shader variant, as in Shaders/variants.txt in lower case; on a CPU the operations that it stands for.
        public let variant: String
        /// The largest error of its cases, in units of the largest magnitude of the reference; nil: it did not run.
        public let error: Float?
        /// Why it did not run.
        public let problem: String?
        /// The largest error that passes.
        public var allowed: Float = SelfTest.tolerance
        public var passed: Bool { error.map { $0 <= allowed } ?? false }
    }

    public let findings: [Finding]
    public let seconds: Double

    static func + (a: SelfTestReport, b: SelfTestReport) -> SelfTestReport {
        SelfTestReport(findings: a.findings + b.findings, seconds: a.seconds + b.seconds)
    }

    /// Variants that failed.
    public var failed: [String] { findings.filter { !$0.passed }.map(\.variant) }
}

public enum SelfTest {
    /// Sums of up to 512 products in f32 err by at most 512 x 2^-24 of the sum of magnitudes; a wrong bit errs by far more.
    public static let tolerance: Float = 1 / 32768
    /// F16 keeps 11 bits: a weight and an activation err by up to 2^-11 each, most of which sums cancel.
    static let halfTolerance: Float = 1 / 1024

    /// Runs every variant on the device. Before those that a driver may not survive, the newest, `soFar` gets a report as
    /// if they had failed: kept, it spares the next run another try. Throws failed if the device cannot be used at all.
    public static func run(on device: Device, soFar: (SelfTestReport) -> Void = { _ in }) throws(VulkanError)
        -> SelfTestReport
    {
        let exact = try VulkanBackend(device, arithmetic: [])
        let dots = try VulkanBackend(device, arithmetic: .integerDot)
        let matrices = try VulkanBackend(device, arithmetic: .matrices)
        do throws(ComputeError) {
            var report = try compare(exact, with: try scalar(), exactly: true)
            if !dots.arithmetic.isEmpty {
                report = report + (try compare(dots, with: try scalar(), exactly: true, SelfTestCases.integerDots))
            }
            if matrices.arithmetic.isEmpty { return report }
            let cases = SelfTestCases.matrices
            soFar(report + unfinished(cases))
            return report + (try compare(matrices, with: try scalar(), exactly: true, cases))
        } catch {
            throw .failed(device: device.name, step: "test itself", result: error.description)
        }
    }

    /// Runs the same cases through the CPU's kernels of an instruction set. Both sides convert activations alike.
    public static func run(isa: String) throws(ComputeError) -> SelfTestReport {
        let backend = try CPUBackend(threads: 1, isa: isa, blas: false)
        return try compare(backend, with: try scalar(), exactly: false, SelfTestCases.common)
    }

    private static func scalar() throws(ComputeError) -> CPUBackend {
        try CPUBackend(threads: 1, isa: "scalar", blas: false)
    }

    private static func compare(
        _ backend: any Backend, with reference: CPUBackend, exactly: Bool, _ cases: [SelfTestCase] = SelfTestCases.all
    ) throws(ComputeError) -> SelfTestReport {
        let start = seconds()
        let sides = (SelfTestSide(backend, form: .given), SelfTestSide(reference, form: exactly ? .exact : .given))
        var order: [String] = []
        var findings: [String: SelfTestReport.Finding] = [:]
        for test in cases {
            let found = try finding(test, sides.0, sides.1)
            guard let known = findings[test.variant] else {
                order.append(test.variant)
                findings[test.variant] = found
                continue
            }
            if known.passed, !(found.passed && (found.error ?? 0) <= (known.error ?? 0)) {
                findings[test.variant] = found
            }
        }
        let listed = order.compactMap { findings[$0] }
        return SelfTestReport(findings: listed, seconds: seconds() - start)
    }

    private static func unfinished(_ cases: [SelfTestCase]) -> SelfTestReport {
        let findings = Set(cases.map(\.variant)).sorted().map {
            SelfTestReport.Finding(variant: $0, error: nil, problem: "its test did not end")
        }
        return SelfTestReport(findings: findings, seconds: 0)
    }

    private static func finding(_ test: SelfTestCase, _ device: SelfTestSide, _ reference: SelfTestSide)
        throws(ComputeError) -> SelfTestReport.Finding
    {
        do throws(ComputeError) {
            let found = try test.run(device.restarted)
            let expected = try test.run(reference.restarted)
            return .init(
                variant: test.variant, error: error(found, expected), problem: nil, allowed: test.tolerance)
        } catch {
            // That says nothing about the variant: no verdict then.
            if case .deviceLost = error { throw error }
            return .init(variant: test.variant, error: nil, problem: error.description)
        }
    }

    /// The largest difference over the largest magnitude; infinite for NaN, and where the reference says nothing.
    static func error(_ found: [Float], _ expected: [Float]) -> Float {
        guard found.count == expected.count, !expected.isEmpty else { return .infinity }
        var (largest, difference): (Float, Float) = (0, 0)
        for (a, b) in zip(found, expected) {
            guard a.isFinite, b.isFinite else { return .infinity }
            largest = max(largest, abs(b))
            difference = max(difference, abs(a - b))
        }
        return largest > 0 ? difference / largest : .infinity
    }

    private static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }
}

extension SelfTestReport {
    /// Remembers which variants failed, for `VulkanBackend(verifying:)`.
    func remember(on device: Device) {
        // The first line is a heading: a file without failures is not empty.
        VulkanBackend.verdictFile(device)?.write(Array((["failed:"] + failed).joined(separator: "\n").utf8))
    }

    /// Runs the self-test and remembers which variants failed.
    public static func made(on device: Device) throws(VulkanError) -> SelfTestReport {
        let report = try SelfTest.run(on: device) { $0.remember(on: device) }
        report.remember(on: device)
        return report
    }

    /// Throws wrongResults where a failed variant has no stand-in.
    public func check(_ device: Device) throws(VulkanError) {
        let missing = VulkanBackend.irreplaceable(Set(failed))
        guard missing.isEmpty else { throw .wrongResults(device: device.name, variants: missing) }
    }
}

extension VulkanBackend {
    /// A backend whose shaders have been checked on this device with this driver, now or in an earlier run.
    /// Throws wrongResults where a failed variant has no stand-in, and what opening the device throws.
    public convenience init(verifying device: Device) throws(VulkanError) {
        let off: Set<String>
        if let known = VulkanBackend.verdictFile(device)?.read() {
            off = Set(String(decoding: known, as: UTF8.self).split(separator: "\n").dropFirst().map(String.init))
            let missing = VulkanBackend.irreplaceable(off)
            guard missing.isEmpty else { throw .wrongResults(device: device.name, variants: missing) }
        } else {
            let report = try SelfTestReport.made(on: device)
            try report.check(device)
            off = Set(report.failed)
        }
        try self.init(device, switchedOff: off)
    }

    /// nil where this build cannot be told from another, or there is no place for it: then every run tests.
    static func verdictFile(_ device: Device) -> CacheFile? {
        buildDigest.flatMap { CacheFile(name: "\(device.description.fingerprint)-\($0).verdict") }
    }

    /// Of the program or library that holds this code, with its shaders.
    static let buildDigest: String? = {
        var digest: UInt64 = 0
        return cvk_build_digest(&digest) ? String(digest, radix: 16) : nil
    }()

    /// Variants without which no model runs. Experts and quantised types can be done without: their models are refused or
    /// their weights become F16. Without argmax rows of logits are read.
    static func irreplaceable(_ off: Set<String>) -> [String] {
        let typed = TypedOperation.allCases.map { $0.rawValue + "." }
        var missing = off.filter { name in
            !(typed + ["quantize", "group", "halve", "argmax"]).contains { name.hasPrefix($0) }
        }
        if off.isSuperset(of: ["matvec.f32", "matmul.f32"]) { missing.insert("matvec.f32") }
        missing.formUnion(off.intersection(["embed.f32", "attention.f32", "attention.f16"]))
        return missing.sorted()
    }
}
