// The connection to the Vulkan loader and the list of devices in order of preference.
// One idea: `vulkan:N` numbers devices as listed here: discrete before integrated before virtual before software, within a
// kind as the driver lists them. A machine without loader or driver is no error until a device is asked for.

import CVulkan
import Glibc

/// A physical device as users and reports see it.
public struct DeviceDescription: Sendable {
    public enum Kind: Int, Sendable, Comparable {
        case discrete, integrated, virtual, software, other
        public static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }
    }

    /// Its number in `vulkan:N`.
    public internal(set) var index = 0
    public let name: String
    public let driver: String
    public let kind: Kind
    /// Bytes of its own memory.
    public let localBytes: Int
    /// What it lacks to run the shaders; nil: nothing.
    public let problem: String?
    /// Integer dot products exist; the hardware has them.
    let hasIntegerDot: Bool
    let hasFastIntegerDot: Bool
    /// M, N and K of its cooperative matrices of F16; empty: none.
    let matrix: [UInt32]
    let physicalIndex: UInt32
    /// Bytes of one buffer with memory of its own.
    var largestAllocation: Int
    /// Workgroups of one dispatch in its smallest dimension.
    var mostGroups: Int
    /// Names device, driver and driver version; compiled pipelines and verdicts are valid for one value only.
    let fingerprint: String

    init(_ info: cvk_device_info, physicalIndex: UInt32) {
        var info = info
        name = withUnsafeBytes(of: &info.name) { text($0) }
        driver = withUnsafeBytes(of: &info.driver) { text($0) }
        kind = Kind(rawValue: Int(info.kind.rawValue)) ?? .other
        localBytes = Int(clamping: info.local_bytes)
        largestAllocation = Int(clamping: info.largest_allocation)
        mostGroups = Int(info.most_groups)
        hasIntegerDot = info.has_integer_dot
        hasFastIntegerDot = info.has_fast_integer_dot
        matrix = info.matrix.0 == 0 ? [] : [info.matrix.0, info.matrix.1, info.matrix.2]
        self.physicalIndex = physicalIndex
        problem =
            info.api_version < 1 << 22 | 2 << 12
            ? "Vulkan 1.2"
            : !info.has_compute_queue
                ? "a compute queue"
                : !info.has_addresses
                    ? "bufferDeviceAddress"
                    : !info.has_16bit_storage
                        ? "storageBuffer16BitAccess"
                        : info.largest_group < 256
                            ? "workgroups of 256 invocations (it has \(info.largest_group))"
                            : info.shared_bytes < 16384 ? "16 KiB of shared memory (it has \(info.shared_bytes))" : nil
        var hash = Fingerprint()
        withUnsafeBytes(of: &info.cache_uuid) { hash.add($0) }
        for number in [info.vendor, info.device, info.driver_version, info.api_version] {
            withUnsafeBytes(of: number) { hash.add($0) }
        }
        hash.add(name)
        hash.add(driver)
        fingerprint = hash.hex
    }
}

extension DeviceDescription {
    /// What it can do, fast or not.
    var arithmetic: VulkanBackend.Arithmetic {
        var all: VulkanBackend.Arithmetic = []
        if hasIntegerDot { all.insert(.integerDot) }
        if !matrix.isEmpty { all.insert(.matrices) }
        return all
    }
}

/// C text in a fixed array.
private func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}

public final class Instance: @unchecked Sendable {
    let handle: OpaquePointer
    /// Every device, the preferred first.
    public let devices: [DeviceDescription]

    /// With `validation` the Khronos validation layer watches, where it is installed. Throws noLoader or failed.
    public init(validation: Bool = false) throws(VulkanError) {
        var opened: OpaquePointer?
        let result = cvk_instance_open(validation, &opened)
        guard let opened else {
            if result == Int32(cvk_no_loader) { throw .noLoader }
            // A loader without any driver answers "incompatible driver".
            if result == -9 { throw .noDevice }
            throw .failed(device: "(none)", step: "start", result: resultName(result))
        }
        handle = opened
        var found: [DeviceDescription] = []
        for i in 0..<cvk_device_count(opened) {
            var info = cvk_device_info()
            cvk_device_describe(opened, i, &info)
            found.append(DeviceDescription(info, physicalIndex: i))
        }
        found.sort { ($0.kind, $0.physicalIndex) < ($1.kind, $1.physicalIndex) }
        for i in found.indices { found[i].index = i }
        devices = found
    }

    deinit { cvk_instance_close(handle) }

    /// Whether the machine has a device file that graphics drivers use; opening the loader costs tens of milliseconds.
    public static var mayHaveHardware: Bool {
        let files = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"]
        return files.contains { access($0, F_OK) == 0 }
    }

    public var validates: Bool { cvk_instance_validates(handle) }

    /// Messages of the validation layer so far, and the first one's text.
    public var messages: (count: Int, first: String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            let count = cvk_instance_messages(handle, buffer.baseAddress, buffer.count)
            return (Int(count), count == 0 ? "" : text(UnsafeRawBufferPointer(buffer)))
        }
    }

    /// The device numbered `index`, or (nil) the first that can be used. Throws noDevice, noSuchDevice, unsuitable.
    public func device(_ index: Int? = nil) throws(VulkanError) -> DeviceDescription {
        guard let first = devices.first else { throw .noDevice }
        guard let index else {
            if let usable = devices.first(where: { $0.problem == nil }) { return usable }
            throw .unsuitable(device: first.name, missing: first.problem ?? "")
        }
        guard devices.indices.contains(index) else { throw .noSuchDevice(index: index, count: devices.count) }
        if let problem = devices[index].problem { throw .unsuitable(device: devices[index].name, missing: problem) }
        return devices[index]
    }
}

func resultName(_ result: Int32) -> String {
    "\(String(cString: cvk_result_name(result))) (\(result))"
}

/// FNV-1a, 64 bits: names of cache files and a check of their bytes, no protection against malice.
struct Fingerprint {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    mutating func add(_ text: String) {
        add(text.utf8)
        add([0])
    }

    var hex: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
