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
        let backend = try backend()
        if gpuLayers != nil { reporting.note("-ngl has no effect: all layers compute on \(backend.name)") }
        reporting.detail("backend: \(backend.name)")
        var progress = ProgressLine(quiet: reporting.quiet)
        defer { ProgressLine.remove() }
        let opened = try open(ModelArgument.distinct(arguments))
        try checkMemory(opened, sessions)
        var models: [Model] = []
        for (argument, file) in opened {
            progress.show("loading \(argument.name)", always: true)
            var options = ModelOptions()
            options.context = context
            options.force = force
            options.name = argument.name
            options.cacheType = cache
            options.batchSize = batchSize ?? options.batchSize
            let model = try loading(argument.path) {
                let source = mode == .map ? file : try openModel(argument.path, mode: mode)
                return try Model(file: source, options: options, backend: backend)
            }
            reporting.detail(
                "\(model.name): \(model.config.architecture), \(model.quantization), \(model.parameterCount) parameters, "
                    + "\(model.file.byteCount) bytes, context \(model.context)")
            models.append(model)
        }
        return models
    }

    /// Maps the files; names of the stores become paths.
    private func open(_ arguments: [ModelArgument]) throws -> [(argument: ModelArgument, file: GGUFFile)] {
        try arguments.map { argument in (argument, try loading(argument.path) { try openModel(argument.path) }) }
    }

    private func checkMemory(_ opened: [(argument: ModelArgument, file: GGUFFile)], _ sessions: Int) throws {
        let available = AvailableMemory.current()
        let plan = { (context: Int?, type: CacheType) throws -> MemoryPlan in
            var seen = Set<String>()
            let demands = try opened.map { argument, file in
                var demand = try loading(argument.path) {
                    try MemoryDemand(
                        name: argument.name, file: file, mode: mode, context: context, cacheType: type,
                        batch: (batchSize ?? Session.prefillRows, Session.exactRows))
                }
                demand.cache = demand.cache.multipliedReportingOverflow(by: sessions).partialValue
                // A mapped file is in memory once, however many models use it.
                if !seen.insert(file.name).inserted && mode == .map { demand.weights = 0 }
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
