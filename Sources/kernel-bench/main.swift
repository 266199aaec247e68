// kernel-bench: speed of every kernel on one thread over the shapes of real models. A kernel is first compared with the
// scalar reference: a wrong one gets no number and makes the exit code 1.
import CKernels
import Glibc
import VulkanCompute

func measure(_ entries: [(name: String, make: () -> Benchmark?)], _ options: Options) -> Bool {
    var allRight = true
    for entry in entries where options.filter.isEmpty || entry.name.contains(options.filter) {
        guard let benchmark = entry.make() else { continue }
        let error = benchmark.error()
        guard error <= benchmark.bound else {
            print("WRONG \(entry.name): error \(error), bound \(benchmark.bound)")
            allRight = false
            continue
        }
        let measurement = Measurement(benchmark)
        print(options.json ? measurement.json : measurement.row)
        fflush(nil)
    }
    return allRight
}

func runBenchmarks(_ options: Options) throws -> Bool {
    guard let shape = ModelShape.all.first(where: { $0.name == options.model }) else { return false }
    if let device = options.vulkan { return try ShaderBench.run(shape, options, device: device) }
    if !options.json { print(Measurement.heading) }
    var allRight = true
    for isa in options.isas {
        var entries = MatmulBench.all(shape, options, isa: isa)
        if options.type == nil {
            entries += MatmulBench.quantizers(shape, isa: isa) + OperationBench.all(shape, isa: isa)
        }
        allRight = measure(entries, options) && allRight
    }
    return allRight
}

do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--help") {
        print(Options.usage)
        exit(0)
    }
    exit(try runBenchmarks(try Options(arguments)) ? 0 : 1)
} catch let error as VulkanError {
    print("kernel-bench: \(error)")
    exit(69)
} catch {
    print("kernel-bench: \(error)\n\(Options.usage)")
    exit(64)
}
