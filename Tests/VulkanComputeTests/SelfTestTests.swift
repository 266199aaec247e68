// Every shader variant against the scalar reference, by the self-test that guards users too.

import Compute
import Testing

@testable import VulkanCompute

extension OnDevice {
    @Suite struct SelfTestTests {
        @Test func everyVariantAgreesWithTheReference() throws {
            let report = try SelfTest.run(on: try #require(TestDevice.backend).device)
            for finding in report.findings {
                #expect(finding.passed, "\(finding.variant): error \(finding.error ?? -1) \(finding.problem ?? "")")
            }
            #expect(
                Set(report.findings.map(\.variant)).union(["route", "combine", "quantize", "group"])
                    == Set(ShaderLibrary.names))
        }
    }
}
