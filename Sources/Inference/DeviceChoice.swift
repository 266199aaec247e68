// Where models compute: the CPU, or a GPU through Vulkan whose shaders have been checked there.
// `auto` takes a hardware GPU if there is one that computes rightly, else the CPU; a software device is taken only when it
// is asked for. What was not taken, and why, is handed to the caller: libraries do not print.

import Compute
import Synchronization
import VulkanCompute

public enum DeviceChoice: Sendable, Equatable {
    case automatic, cpu
    /// The device's number in the list of `coolfusion doctor`; nil: the first that can be used.
    case vulkan(Int?)

    /// "auto", "cpu", "vulkan" or "vulkan:N"; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "cpu": self = .cpu
        case "vulkan": self = .vulkan(nil)
        default:
            guard text.hasPrefix("vulkan:"), let index = Int(text.dropFirst(7)), index >= 0 else { return nil }
            self = .vulkan(index)
        }
    }
}

/// A CPU backend made when it is first needed, for layers that are not on a GPU, or for everything once the GPU is lost.
/// Models of one run share one, so that threads do not multiply.
public final class SpareCPU: Sendable {
    private let options: ModelOptions
    private let made = Mutex<CPUBackend?>(nil)

    public init(_ options: ModelOptions) { self.options = options }

    /// Throws compute.
    public func backend() throws(InferenceError) -> CPUBackend {
        try made.withLock { known throws(InferenceError) in
            if let known { return known }
            let backend = try options.cpuBackend()
            known = backend
            return backend
        }
    }
}

/// A backend, and a sentence about a GPU that was found but not taken.
public struct ChosenBackend: Sendable {
    public let backend: any Backend
    public let note: String?
}

extension ModelOptions {
    /// The backend that the options ask for. Throws device where the GPU asked for cannot be used, and compute.
    public func chooseBackend() throws(InferenceError) -> ChosenBackend {
        switch device {
        case .cpu: return ChosenBackend(backend: try cpuBackend(), note: nil)
        case .vulkan(let index):
            do throws(VulkanError) {
                let instance = try Instance()
                let device = try Device(try instance.device(index), of: instance)
                return ChosenBackend(backend: try VulkanBackend(verifying: device), note: nil)
            } catch {
                throw .device(error)
            }
        case .automatic:
            let (found, note) = hardwareBackend()
            if let found { return ChosenBackend(backend: found, note: nil) }
            return ChosenBackend(backend: try cpuBackend(), note: note)
        }
    }

    /// The first hardware GPU, or why it is not taken. Without loader, driver or GPU there is nothing to tell.
    private func hardwareBackend() -> (VulkanBackend?, note: String?) {
        guard Instance.mayHaveHardware else { return (nil, nil) }
        do throws(VulkanError) {
            let instance = try Instance()
            guard let found = instance.devices.first(where: { $0.kind < .software }) else { return (nil, nil) }
            return (try VulkanBackend(verifying: try Device(found, of: instance)), nil)
        } catch {
            return (nil, error == .noLoader || error == .noDevice ? nil : "\(error); the CPU is used")
        }
    }

    fileprivate func cpuBackend() throws(InferenceError) -> CPUBackend {
        do throws(ComputeError) {
            return try CPUBackend(threads: threads ?? CPUBackend.availableCores, isa: isa, blas: blas)
        } catch {
            throw .compute(error)
        }
    }
}
