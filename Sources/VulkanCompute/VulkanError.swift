// Why a Vulkan device cannot be used. What goes wrong while it is used is a ComputeError.

public enum VulkanError: Error, Equatable, CustomStringConvertible {
    /// There is no libvulkan.so.1.
    case noLoader
    case noDevice
    case noSuchDevice(index: Int, count: Int)
    case unsuitable(device: String, missing: String)
    case failed(device: String, step: String, result: String)
    /// The self-test found shaders that compute wrongly here and that nothing can stand in for.
    case wrongResults(device: String, variants: [String])

    public var description: String {
        switch self {
        case .noLoader: "there is no Vulkan loader (libvulkan.so.1) on this machine"
        case .noDevice: "no Vulkan device was found; is the graphics driver installed?"
        case .noSuchDevice(let index, let count):
            "there is no Vulkan device \(index): \(count) found, numbered from 0"
        case .unsuitable(let device, let missing): "the Vulkan device \(device) cannot be used: it lacks \(missing)"
        case .failed(let device, let step, let result): "the Vulkan device \(device) failed to \(step): \(result)"
        case .wrongResults(let device, let variants):
            "the Vulkan device \(device) computes wrongly in \(variants.joined(separator: ", "))"
        }
    }
}
