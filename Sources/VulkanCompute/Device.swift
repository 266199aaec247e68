// One opened device: its queue, and results of calls turned into errors with its name. Several backends may share it.

import CVulkan
import Compute
import Glibc
import Synchronization

public final class Device: @unchecked Sendable {
    public let description: DeviceDescription
    let handle: OpaquePointer
    /// Kept open as long as the device.
    public let instance: Instance
    /// Submissions to the one queue take turns; waiting for them does not.
    private let queue = Mutex<Void>(())

    /// Throws failed, or unsuitable where the device lacks something.
    public init(_ description: DeviceDescription, of instance: Instance) throws(VulkanError) {
        if let problem = description.problem { throw .unsuitable(device: description.name, missing: problem) }
        var opened: OpaquePointer?
        let result = cvk_device_open(instance.handle, description.physicalIndex, &opened)
        guard let opened else {
            throw .failed(device: description.name, step: "open", result: resultName(result))
        }
        handle = opened
        self.description = description
        self.instance = instance
    }

    deinit { cvk_device_close(handle) }

    public var name: String { description.name }

    /// Bytes that may still be taken from its memory; COOLFUSION_DEVICE_MEMORY in the environment replaces what the driver
    /// says: bytes, or with K, M, G.
    public var availableBytes: Int {
        let known = Int(clamping: cvk_device_available(instance.handle, description.physicalIndex))
        return getenv("COOLFUSION_DEVICE_MEMORY").flatMap { parseByteCount(String(cString: $0)) } ?? known
    }

    /// Whether its memory is the host's.
    public var sharesHostMemory: Bool { description.kind == .integrated || description.kind == .software }

    /// Submits what was recorded and waits for its end.
    func run(_ recorder: OpaquePointer) -> Int32 {
        let result = queue.withLock { _ in cvk_submit(recorder) }
        return result == 0 ? cvk_wait(recorder) : result
    }

    /// The error of a call that a running backend makes; nil for success.
    func failure(_ result: Int32, step: String) -> ComputeError? {
        if result == 0 { return nil }
        if result == Int32(cvk_device_lost) { return .deviceLost(device: name) }
        return .deviceFailed(device: name, reason: "\(step): \(resultName(result))")
    }

    /// The error of an allocation; nil for success. VkResult -1 and -2: out of host and of device memory.
    func failure(_ result: Int32, allocating byteCount: Int) -> ComputeError? {
        result == -1 || result == -2
            ? .outOfMemory(byteCount: byteCount) : failure(result, step: "allocate \(byteCount) bytes")
    }
}
