// Devices that are lost, too small, shared with the CPU, or not there at all, seen from the command line. A false Vulkan
// loader (false_vulkan.c) stands before the real one and lies as a test asks it to. Needs a Vulkan driver, such as lavapipe.
import Foundation
import Testing

private enum FalseVulkan {
    private static let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("coolfusion-\(UUID().uuidString)")
    private static let loader = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
        .map { $0 + "/libvulkan.so.1" }.first(where: FileManager.default.fileExists(atPath:))
    private static let compiler = ["/usr/bin/cc", "/usr/bin/clang"].first(
        where: FileManager.default.isExecutableFile(atPath:))
    private static let drivers = try? FileManager.default.contentsOfDirectory(atPath: "/usr/share/vulkan/icd.d")

    /// The built library; nil without a loader, a driver or a compiler.
    static let path: String? = {
        guard let loader, let compiler, drivers?.isEmpty == false else { return nil }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent("libvulkan.so.1").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler)
        process.arguments = [
            "-shared", "-fPIC", "-DREAL_LOADER=\"\(loader)\"", "-Wl,-soname,libvulkan.so.1", "-o", path,
            Executable.root.appendingPathComponent("Tests/CLITests/false_vulkan.c").path, "-ldl",
        ]
        try? process.run()
        process.waitUntilExit()
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The first use of the device costs its self-test: its verdict is kept where users keep it, for all tests here.
    private static let verdict = try? start(
        [
            "logits", "-m", Executable.fixture("tiny-llama"), "--tokens", "1", "--output", "/dev/null", "--device",
            "vulkan",
        ],
        [:])

    static func run(
        _ arguments: [String], _ environment: [String: String] = [:], program: URL = Executable.path
    ) throws -> Executable.Outcome {
        #expect(verdict?.code == 0, "\(verdict?.error ?? "")")
        return try start(arguments, environment, program: program)
    }

    private static func start(
        _ arguments: [String], _ environment: [String: String], program: URL = Executable.path
    ) throws -> Executable.Outcome {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/tmp"
        let fixed = ["HOME": home, "LD_PRELOAD": try #require(path)]
        return try Executable.run(arguments, program: program, environment: fixed.merging(environment) { $1 })
    }
}

@Suite(.enabled(if: FalseVulkan.path != nil, "no Vulkan driver or no C compiler"), .serialized)
struct DeviceTests {
    let model = ["-m", Executable.fixture("tiny-llama")]
    let write = ["run", "-p", "ab", "-n", "12", "--temp", "0", "--json", "-c", "4096"]

    /// Drawing, every second submission reads the row that the one before left on the device.
    @Test(arguments: [1, 2, 6, 13], [[], ["--temp", "0.9", "-s", "7"]])
    func aLostDeviceLeavesTheRunToTheCPU(submission: Int, sampling: [String]) throws {
        let write = write + sampling
        let lost = try FalseVulkan.run(write + model + ["--device", "vulkan"], ["LOSE_AT": "\(submission)"])
        #expect(lost.code == 0)
        let events = try #require(try lost.json()["events"] as? [String])
        #expect(events.count == 1 && events[0].contains("was lost"))
        #expect(lost.error.contains("was lost: the CPU went on"))
        let expected = try Executable.run(write + model + ["--device", "cpu"]).json()
        #expect(try lost.json()["tokens"] as? [Int] == expected["tokens"] as? [Int])
        let whole = try FalseVulkan.run(write + model + ["--device", "vulkan"])
        #expect(try whole.json()["events"] == nil)
        #expect(try #require(whole.json()["device"] as? String).hasPrefix("Vulkan, "))
    }

    /// Wherever it happens: in a prompt, a draft, a score, a commit.
    @Test(arguments: [1, 3, 5, 8, 11, 14, 17, 20, 24]) func aLostDeviceLeavesTheFusionToTheCPU(submission: Int) throws {
        let names = ["stories260K.F32", "babyllama-tok361.F32", "babyllama-tok105.F32"]
        var paths = names.compactMap(Executable.shared)
        if paths.count < 3 { paths = ["tiny-llama", "tiny-qwen3"].map(Executable.fixture) }
        let fuse = ["fuse", "-p", "Once upon a time", "-n", "20", "--json"] + paths.flatMap { ["-m", $0] }
        let lost = try FalseVulkan.run(fuse + ["--device", "vulkan"], ["LOSE_AT": "\(submission)"])
        let expected = try Executable.run(fuse + ["--device", "cpu"]).json()
        #expect(lost.code == 0)
        #expect(try lost.json()["text"] as? String == expected["text"] as? String)
        let events = try #require(try lost.json()["events"] as? [String])
        #expect(events.count == paths.count && events.allSatisfy { $0.contains("goes on on the CPU") })
    }

    /// The first allocations are those of weights and of the memory they are copied through.
    @Test(arguments: [1, 2], ["vulkan", "auto"]) func aLossWhileLoadingIsOneOfTheRun(allocation: Int, device: String)
        throws
    {
        let losing = ["LOSE_MEMORY_AT": "\(allocation)", "FAKE_HARDWARE": "1"]
        let lost = try FalseVulkan.run(write + model + ["--device", device], losing)
        let expected = try Executable.run(write + model + ["--device", "cpu"]).json()
        #expect(lost.code == 0)
        #expect(try lost.json()["tokens"] as? [Int] == expected["tokens"] as? [Int])
        #expect(try #require(lost.json()["device"] as? String).hasPrefix("CPU"))
        let events = try #require(try lost.json()["events"] as? [String])
        #expect(events.count == 1 && events[0].contains("was lost"))
        #expect(lost.error.components(separatedBy: "was lost: the CPU went on").count == 2)

        let two = ["fuse", "-p", "ab", "-n", "8", "--json"] + model + ["-m", Executable.fixture("tiny-qwen3")]
        let fused = try FalseVulkan.run(two + ["--device", device], losing)
        let alone = try Executable.run(two + ["--device", "cpu"]).json()
        #expect(fused.code == 0)
        #expect(try fused.json()["text"] as? String == alone["text"] as? String)
        let told = try #require(try fused.json()["events"] as? [String])
        #expect(told.count == 2 && told.allSatisfy { $0.contains("goes on on the CPU") })
    }

    /// Layers on the CPU join those that were to be on the device.
    @Test func aLossWhileLoadingTakesAllLayersToTheCPU() throws {
        let lost = try FalseVulkan.run(write + model + ["--device", "vulkan", "-ngl", "1"], ["LOSE_MEMORY_AT": "1"])
        let expected = try Executable.run(write + model + ["--device", "cpu"]).json()
        #expect(try lost.json()["tokens"] as? [Int] == expected["tokens"] as? [Int])
        #expect(try #require(lost.json()["device"] as? String).hasPrefix("CPU"))
    }

    /// Once, however many problems and contenders go on on the CPU.
    @Test(arguments: ["{\"question\":\"ab\",\"answer\":\"1\"}\n", "{\"text\":\"ab\"}\n"])
    func anEvaluationTellsOfALostDevice(line: String) throws {
        let task = try TemporaryFile(Data((line + line).utf8), name: "task.jsonl")
        let eval = ["eval", task.path, "-n", "4", "--json"] + model + ["--device", "vulkan"]
        let lost = try FalseVulkan.run(eval, ["LOSE_AT": "2"])
        #expect(lost.code == 0)
        #expect(lost.error.components(separatedBy: "was lost").count == 2, "\(lost.error)")
        let early = try FalseVulkan.run(eval, ["LOSE_MEMORY_AT": "1"])
        #expect(early.code == 0)
        #expect(early.error.components(separatedBy: "was lost").count == 2, "\(early.error)")
        #expect(try !FalseVulkan.run(eval).error.contains("was lost"))
    }

    @Test(arguments: [0, 1, 2, 99]) func layersMayBeOnBothSides(layers: Int) throws {
        let split = try FalseVulkan.run(write + model + ["--device", "vulkan", "-ngl", "\(layers)"]).json()
        let expected = try Executable.run(write + model + ["--device", "cpu"]).json()
        #expect(split["tokens"] as? [Int] == expected["tokens"] as? [Int])
        let device = try #require(split["device"] as? String)
        #expect(device.hasPrefix("Vulkan") == (layers > 0))
        #expect(device.contains("1 of ") == (layers == 1))
    }

    /// A device that goes away while it is tested has not computed wrongly: the next run tests again.
    @Test func aLostDeviceIsNoVerdict() throws {
        let cache = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: cache) }
        let lost = try FalseVulkan.run(
            write + model + ["--device", "vulkan"], ["LOSE_AT": "3", "XDG_CACHE_HOME": cache])
        #expect(lost.code == 69)
        #expect(lost.error.contains("was lost"))
        let files = FileManager.default.enumerator(atPath: cache)?.allObjects as? [String] ?? []
        #expect(!files.contains { $0.hasSuffix(".verdict") })
    }

    /// What this build found says nothing of another: a program that differs in one byte begins with the self-test, in which
    /// a loss is no loss of the run.
    @Test func anotherBuildTestsAgain() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (same, other) = (folder.appendingPathComponent("same"), folder.appendingPathComponent("other"))
        for copy in [same, other] { try FileManager.default.copyItem(at: Executable.path, to: copy) }
        let handle = try FileHandle(forWritingTo: other)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([1]))
        try handle.close()
        let losing = ["LOSE_AT": "1"]
        #expect(try FalseVulkan.run(write + model + ["--device", "vulkan"], losing, program: same).code == 0)
        #expect(try FalseVulkan.run(write + model + ["--device", "vulkan"], losing, program: other).code == 69)
    }

    @Test func aDeviceThatIsTooSmallIs75() throws {
        let none = try FalseVulkan.run(
            write + model + ["--device", "vulkan"], ["COOLFUSION_DEVICE_MEMORY": "1M"])
        #expect(none.code == 75)
        #expect(none.error.contains("it would fit with --device cpu"))
        let needed = try #require(none.error.firstMatch(of: /([0-9.]+) MiB needed/).flatMap { Double($0.1) })
        let little = ["COOLFUSION_DEVICE_MEMORY": "\(Int((needed - 0.2) * 1_048_576))"]
        let some = try FalseVulkan.run(write + model + ["--device", "vulkan", "--cache-type", "f32"], little)
        #expect(some.code == 75)
        let cache = ["--device", "vulkan", "--cache-type", "f32"]
        let layers = try #require(some.error.firstMatch(of: /-ngl ([0-9]+)/).map { String($0.1) })
        #expect(try FalseVulkan.run(write + model + cache + ["-ngl", layers], little).code == 0)
    }

    @Test func autoTakesHardwareThatIsLargeEnough() throws {
        let fake = ["FAKE_HARDWARE": "1"]
        let large = try FalseVulkan.run(write + model, fake)
        #expect(try #require(large.json()["device"] as? String).hasPrefix("Vulkan"))
        let small = try FalseVulkan.run(write + model, fake.merging(["COOLFUSION_DEVICE_MEMORY": "1M"]) { $1 })
        #expect(small.code == 0)
        #expect(try #require(small.json()["device"] as? String).hasPrefix("CPU"))
        #expect(small.error.contains("the CPU is used"))
        // And nothing without hardware.
        #expect(try #require(FalseVulkan.run(write + model).json()["device"] as? String).hasPrefix("CPU"))
    }

    /// The driver refuses what it seemed to have.
    @Test func memoryThatIsRefusedIs75() throws {
        let refused = try FalseVulkan.run(write + model + ["--device", "vulkan"], ["REFUSE_AT": "1"])
        #expect(refused.code == 75)
        #expect(refused.error.contains("-ngl N"))
        let other = try FalseVulkan.run(write + model, ["REFUSE_AT": "1", "FAKE_HARDWARE": "1"])
        #expect(other.code == 0)
        #expect(try #require(other.json()["device"] as? String).hasPrefix("CPU"))
        #expect(other.error.contains("the CPU is used"))
    }

    @Test func numbersThatNoDeviceHasAre69() throws {
        let outcome = try FalseVulkan.run(write + model + ["--device", "vulkan:9"])
        #expect(outcome.code == 69)
        #expect(outcome.error.contains("there is no Vulkan device 9"))
    }
}

@Suite struct NoLoaderTests {
    /// The name of the loader leads to an empty file: a program that was linked with it would not start.
    @Test func withoutALoaderTheCPUComputes() throws {
        let empty = try TemporaryFile(Data(), name: "libvulkan.so.1")
        let environment = ["LD_LIBRARY_PATH": URL(fileURLWithPath: empty.path).deletingLastPathComponent().path]
        let logits = ["logits", "-m", Executable.fixture("tiny-llama"), "--tokens", "1", "--output", "/dev/null"]
        #expect(try Executable.run(logits, environment: environment).code == 0)
        let asked = try Executable.run(logits + ["--device", "vulkan"], environment: environment)
        #expect(asked.code == 69)
        #expect(asked.error.hasSuffix(": there is no Vulkan loader (libvulkan.so.1) on this machine\n"))
        let doctor = try Executable.run(["doctor"], environment: environment)
        #expect(doctor.code == 0)
        #expect(doctor.text.contains("there is no Vulkan loader"))
    }
}
