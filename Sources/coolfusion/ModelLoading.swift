// Models as the commands need them: loaded with the options given, errors naming the file.
import Compute
import GGUF
import Inference
import Transformer

extension EngineOptions {
    /// Loads one model on a backend of its own.
    func load(_ argument: ModelArgument) throws -> Model { try load([argument])[0] }

    /// Loads models that share one backend, so that their threads do not multiply. Names are made distinct. All of them,
    /// each with `sessions` caches, must fit into memory together, which is checked before anything is loaded.
    func load(_ arguments: [ModelArgument], sessions: Int = 1) throws -> [Model] {
        let opened = try open(ModelArgument.distinct(arguments))
        let place = try place(opened, sessions: sessions)
        do {
            return try load(opened, place)
        } catch {
            return try load(opened, try place.afterFailing(error))
        }
    }

    private func load(_ opened: [OpenedModel], _ place: ModelPlace) throws -> [Model] {
        reporting.detail("backend: \(place.backend.name)")
        try checkMemory(opened, place)
        var progress = ProgressLine(quiet: reporting.quiet)
        defer { ProgressLine.remove() }
        return try opened.map { argument, file in
            progress.show("loading \(argument.name)", always: true)
            var options = ModelOptions()
            options.context = context
            options.force = force
            options.name = argument.name
            options.cacheType = cache
            options.batchSize = batchSize ?? options.batchSize
            options.gpuLayers = place.layers
            let model = try loading(argument.path) {
                let source = mode == .map ? file : try openModel(argument.path, mode: mode)
                return try Model(file: source, options: options, backend: place.backend, spare: place.spare)
            }
            reporting.detail(
                "\(model.name): \(model.config.architecture), \(model.quantization), \(model.parameterCount) parameters, "
                    + "\(model.file.byteCount) bytes, context \(model.context), \(model.device)")
            return model
        }
    }

    /// Maps the files; names of the stores become paths.
    private func open(_ arguments: [ModelArgument]) throws -> [OpenedModel] {
        try arguments.map { argument in (argument, try loading(argument.path) { try openModel(argument.path) }) }
    }

    private func checkMemory(_ opened: [OpenedModel], _ place: ModelPlace) throws {
        let available = AvailableMemory.current()
        let plan = { (context: Int?, type: CacheType) throws -> MemoryPlan in
            var seen = Set<String>()
            let demands = try opened.map { argument, file in
                var demand = try loading(argument.path) {
                    try MemoryDemand(
                        name: argument.name, file: file, mode: mode, context: context, cacheType: type,
                        batch: (batchSize ?? Session.prefillRows, Session.exactRows))
                }
                demand.hold(sessions: place.sessions)
                let there = try place.plan(opened, context, type)?.demands.first { $0.name == argument.name }
                let firstThere = there.flatMap { $0.layers > 0 ? $0.firstBlock : nil }
                demand.repack(file, by: try place.host, below: firstThere ?? .max)
                // A mapped file is in memory once, however many models use it.
                if !seen.insert(file.name).inserted && mode == .map { demand.weights = 0 }
                if let there { demand.leave(to: there, isShared: place.sharesHostMemory) }
                return demand
            }
            return MemoryPlan(demands, available: available)
        }
        let wanted = try plan(context, cache)
        for line in wanted.lines { reporting.detail(line) }
        do {
            try wanted.check { try? plan($0 ?? context, $1 ?? cache) }
        } catch {
            throw CommandError.memory("\(error)")
        }
    }
}
