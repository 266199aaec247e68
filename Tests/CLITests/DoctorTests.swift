// `doctor` on the CPU, and devices that are not there. What Vulkan devices compute is tested in VulkanComputeTests.
import Testing

@Suite struct DoctorTests {
    /// The Vulkan loader then finds no driver.
    private let noDriver = ["VK_ICD_FILENAMES": "/dev/null", "VK_DRIVER_FILES": "/dev/null"]

    @Test func theCPUIsWell() throws {
        let result = try Executable.run(["doctor", "--device", "cpu"])
        #expect(result.code == 0)
        #expect(result.text.contains("cpu scalar\n"))
        #expect(!result.text.contains("FAILED"))
    }

    @Test(arguments: ["vulkan", "vulkan:99", "vulkan:-1", "cuda", ""]) func absentDevicesAre69(device: String) throws {
        let result = try Executable.run(["doctor", "--device", device], environment: noDriver)
        #expect(result.code == 69)
        #expect(result.text.isEmpty)
        #expect(result.error.hasPrefix("coolfusion: "))
        #expect(result.error.split(separator: "\n").count == 1)
    }

    @Test func autoRunsOnTheCPUWithoutAnyDriver() throws {
        let arguments = ["logits", "-m", Executable.fixture("tiny-llama"), "--tokens", "1", "--output", "/dev/null"]
        let result = try Executable.run(arguments + ["--device", "auto"], environment: noDriver)
        #expect(result.code == 0)
    }
}
