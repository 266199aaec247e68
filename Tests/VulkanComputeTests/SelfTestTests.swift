// Every shader variant against the scalar reference, by the self-test that guards users too.

import Compute
import Testing

@testable import VulkanCompute

extension OnDevice {
    @Suite struct SelfTestTests {
        @Test func everyVariantAgreesWithTheReference() throws {
            var soFar: SelfTestReport?
            let report = try SelfTest.run(on: try #require(TestDevice.backend).device) { soFar = $0 }
            for finding in report.findings {
                #expect(finding.passed, "\(finding.variant): error \(finding.error ?? -1) \(finding.problem ?? "")")
            }
            let indirectly: Set = ["route", "combine", "quantize", "group", "halve"]
            let hasMatrices = TestDevice.matrices != nil
            // A run that ends with the tests of matrices leaves a verdict that has them off, and only them.
            let matrices = ShaderLibrary.names.filter { $0.hasPrefix("coop") }
            #expect(soFar.map { Set($0.failed) } == (hasMatrices ? Set(matrices) : nil))
            let names = ShaderLibrary.names.filter { hasMatrices || !$0.hasPrefix("coop") }
            #expect(Set(report.findings.map(\.variant)).union(indirectly) == Set(names))
        }
    }
}
