// Every shader variant against the scalar reference, by the self-test that guards users too.

import Compute
import Testing

@testable import VulkanCompute

@Suite(.enabled(if: TestDevice.isPresent), .serialized) struct SelfTestTests {
    @Test func everyVariantAgreesWithTheReference() throws {
        let device = try #require(TestDevice.backend).device
        let report = try SelfTest.run(on: device)
        for finding in report.findings {
            #expect(finding.passed, "\(finding.variant): error \(finding.error ?? -1) \(finding.problem ?? "")")
        }
        #expect(Set(report.findings.map(\.variant)).union(["route", "combine"]) == Set(ShaderLibrary.names))
        print("self-test: \(report.seconds) s, largest error \(report.findings.compactMap(\.error).max() ?? -1)")
    }
}
