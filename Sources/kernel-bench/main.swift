// kernel-bench: speed of every kernel on one thread over the shapes of real models. A kernel is first compared with the
// scalar reference: a wrong one gets no number and makes the exit code 1.
import CKernels
import Glibc
import VulkanCompute

/// Measures what the filter leaves; the limits of the instruction set come first, if there is anything to measure.
func measure(_ entries: [OperationBench.Entry], isa: String, _ options: Options) -> Bool {
    var allRight = true
    var roofline: Roofline?
    for entry in entries where options.filter.isEmpty || entry.name.contains(options.filter) {
        guard let benchmark = entry.make() else { continue }
        let error = benchmark.error()
        guard error <= benchmark.bound else {
            print("WRONG \(entry.name): error \(error), bound \(benchmark.bound)")
            allRight = false
            continue
        }
        let limits = roofline ?? Roofline(isa: isa)
        if roofline == nil { print(options.json ? limits.json : limits.row + "\n" + Measurement.heading) }
        roofline = limits
        let measurement = Measurement(benchmark, under: limits)
        print(options.json ? measurement.json : measurement.row)
        fflush(nil)
    }
    return allRight
}

func runBenchmarks(_ options: Options) throws -> Bool {
    guard let shape = ModelShape.all.first(where: { $0.name == options.model }) else { return false }
    if let device = options.vulkan { return try ShaderBench.run(shape, options, device: device) }
    let machine = Machine.current
    if options.json {
        print(machine.json(model: shape.name))
    } else {
        print("\(machine.cpu), commit \(machine.commit), shapes of \(shape.name)\n\(machine.features)")
    }
    var allRight = true
    for isa in options.isas {
        var entries = MatmulBench.all(shape, options, isa: isa)
        if options.type == nil {
            entries += MatmulBench.quantizers(shape, isa: isa) + OperationBench.all(shape, isa: isa)
        }
        allRight = measure(entries, isa: isa, options) && allRight
    }
    if options.openBLAS, let isa = options.isas.last {
        allRight = measure(BLASBench.all(shape, options), isa: isa, options) && allRight
    }
    return allRight
}

do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--help") {
        print(Options.usage)
        exit(0)
    }
    let options = try Options(arguments)
    if let files = options.compare {
        try Compare.run(files.a, files.b)
        exit(0)
    }
    exit(try runBenchmarks(options) ? 0 : 1)
} catch let problem as Compare.Problem {
    print("kernel-bench: \(problem)")
    exit(65)
} catch let error as VulkanError {
    print("kernel-bench: \(error)")
    exit(69)
} catch {
    print("kernel-bench: \(error)\n\(Options.usage)")
    exit(64)
}
