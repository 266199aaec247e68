// The device that tests run on: the first that can be used, watched by the validation layer where it is installed.
// Without a loader or a driver there is none, and the tests are skipped.

import Compute
import Testing

@testable import VulkanCompute

enum TestDevice {
    static let instance = try? Instance(validation: true)
    static let backend: VulkanBackend? = {
        guard let instance, let description = try? instance.device(),
            let device = try? Device(description, of: instance)
        else { return nil }
        return try? VulkanBackend(device, arithmetic: [])
    }()
    /// The same device with integer dot products, whether its hardware has them or not; nil where it cannot do them at all.
    static let integerDot: VulkanBackend? = {
        guard let backend, backend.device.description.hasIntegerDot else { return nil }
        return try? VulkanBackend(backend.device, arithmetic: .integerDot)
    }()
    /// The same device with cooperative matrices; nil where it has none.
    static let matrices: VulkanBackend? = {
        guard let backend, backend.device.description.arithmetic.contains(.matrices) else { return nil }
        return try? VulkanBackend(backend.device, arithmetic: .matrices)
    }()
    static var isPresent: Bool { backend != nil }
}

/// Everything that needs a device, one test after the other; each ends with a silent validation layer.
@Suite(.enabled(if: TestDevice.isPresent, "no Vulkan device"), .serialized, .silentValidation) struct OnDevice {}

/// Fails a test during which the validation layer said something.
struct SilentValidation: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let before = TestDevice.instance?.messages.count
        try await function()
        guard let after = TestDevice.instance?.messages else { return }
        #expect(after.count == before, "the validation layer: \(after.first)")
    }
}

extension Trait where Self == SilentValidation {
    static var silentValidation: Self { SilentValidation() }
}
