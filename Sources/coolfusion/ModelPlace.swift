// Where the models of a run compute: the device asked for, checked against its memory before anything is copied there.
// What does not fit is refused with an option that would help, or with --device auto computed on the CPU, with a note.
import Compute
import GGUF
import Inference
import Transformer
import VulkanCompute

/// A model whose file is open.
typealias OpenedModel = (argument: ModelArgument, file: GGUFFile)

struct ModelPlace {
    let backend: any Backend
    /// The CPU that stands by for a GPU.
    let spare: SpareCPU
    /// Layers on the GPU; nil: all.
    let layers: Int?
    /// Caches of each model.
    let sessions: Int
    private let options: EngineOptions

    /// What computes the layers that are not on the GPU.
    var host: any Backend {
        get throws { layers == nil ? backend : try spare.backend() }
    }

    var sharesHostMemory: Bool { gpu?.device.sharesHostMemory ?? false }

    init(_ options: EngineOptions, sessions: Int) throws {
        let wanted = try options.deviceOptions()
        let chosen = try wanted.chooseBackend()
        if let note = chosen.note { options.reporting.note(note) }
        self.init(options, chosen.backend, SpareCPU(wanted), layers: wanted.gpuLayers, sessions)
        if wanted.gpuLayers ?? 0 > 0, gpu == nil {
            options.reporting.note("-ngl has no effect: \(backend.name) computes")
        }
    }

    private init(
        _ options: EngineOptions, _ backend: any Backend, _ spare: SpareCPU, layers: Int?, _ sessions: Int
    ) {
        (self.options, self.backend, self.spare, self.sessions) = (options, backend, spare, sessions)
        self.layers = backend is VulkanBackend ? layers : nil
    }

    private var gpu: VulkanBackend? { backend as? VulkanBackend }

    /// What the models need on the GPU; nil without one.
    func plan(_ opened: [OpenedModel], _ context: Int?, _ type: CacheType, layers other: Int? = nil) throws
        -> DevicePlan?
    {
        guard let gpu else { return nil }
        let request = DeviceDemand.Request(
            layers: other ?? layers, context: context, cacheType: type, sessions: sessions,
            batch: (options.batchSize ?? Session.prefillRows, Session.exactRows))
        let demands = try opened.map { argument, file in
            try loading(argument.path) {
                try DeviceDemand(name: argument.name, file: file, request, stored: gpu.storedType(of:))
            }
        }
        return DevicePlan(device: gpu.device.name, demands: demands, available: gpu.device.availableBytes)
    }

    /// The CPU alone.
    private func withoutGPU() throws -> ModelPlace {
        ModelPlace(options, try spare.backend(), spare, layers: nil, sessions)
    }

    /// Another place after loading failed: with --device auto the CPU where the GPU gave less memory than its driver had
    /// promised. Throws what went wrong where there is none.
    func afterFailing(_ error: any Error) throws -> ModelPlace {
        guard let gpu, case CommandError.model(_, let cause) = error,
            case InferenceError.transformer(.compute(.outOfMemory(let bytes))) = cause
        else { throw error }
        let shortage = "\(gpu.device.name) gave no memory for \(mebibytes(bytes))"
        guard options.device == "auto" else {
            throw CommandError.memory("\(shortage); fewer layers there (-ngl N) or --device cpu would help")
        }
        options.reporting.note("\(shortage); the CPU is used")
        return try withoutGPU()
    }

    /// This place, or with --device auto the CPU where the GPU is too small. Throws the error of exit code 75.
    func checked(_ opened: [OpenedModel]) throws -> ModelPlace {
        guard let plan = try plan(opened, options.context, options.cache) else { return self }
        for line in plan.lines { options.reporting.detail(line) }
        if plan.fits { return self }
        let shortage =
            "not enough memory on \(plan.device): \(mebibytes(plan.total)) needed, \(mebibytes(plan.available)) available"
        let most = DevicePlan.mostLayers { try? self.plan(opened, options.context, options.cache, layers: $0) }
        let fewer = most.map { "-ngl \($0)" }
        if options.device == "auto" {
            let help = fewer.map { "; --device vulkan \($0) would put a part of it there" } ?? ""
            options.reporting.note("\(shortage); the CPU is used\(help)")
            return try withoutGPU()
        }
        let smaller = options.cache != .q8_0 ? try? self.plan(opened, options.context, .q8_0) : nil
        let help = smaller?.fits == true ? "--cache-type q8_0" : fewer ?? "--device cpu"
        throw CommandError.memory("\(shortage); it would fit with \(help)")
    }
}

extension EngineOptions {
    /// Where the opened models compute; the device has room for them.
    func place(_ opened: [OpenedModel], sessions: Int = 1) throws -> ModelPlace {
        try ModelPlace(self, sessions: sessions).checked(opened)
    }
}

extension MemoryDemand {
    /// What the GPU takes is not needed here, unless the GPU's memory is the host's.
    mutating func leave(to device: DeviceDemand, isShared: Bool) {
        guard device.layers > 0 else { return }
        weights = max(0, weights - device.fileWeights)
        activations = max(0, activations - (device.layers == device.blockCount ? device.activations : 0))
        cache = max(0, cache - device.cache)
        if isShared { weights += device.total }
    }
}
