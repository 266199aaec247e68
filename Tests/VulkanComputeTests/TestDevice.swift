// The device that tests run on: the first that can be used, watched by the validation layer where it is installed.
// Without a loader or a driver there is none, and the tests are skipped.

import Compute
import VulkanCompute

enum TestDevice {
    static let instance = try? Instance(validation: true)
    static let backend: VulkanBackend? = {
        guard let instance, let description = try? instance.device(),
            let device = try? Device(description, of: instance)
        else { return nil }
        return try? VulkanBackend(device)
    }()
    static var isPresent: Bool { backend != nil }
}

/// The same numbers in every run.
struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}
