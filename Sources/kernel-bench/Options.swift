// The few flags of kernel-bench, parsed by hand: the tool depends on nothing but the kernels.
import CKernels

struct Options {
    var filter = ""
    var type: String?
    var isa: String?
    var model = "llama-3.2-1b"
    var json = false
    /// Shaders instead of kernels: on the device with this number, or (nil inside) the first.
    var vulkan: Int??
    /// OpenBLAS beside the kernels.
    var openBLAS = false
    /// Two files to compare instead of measuring.
    var compare: (a: String, b: String)?

    static let usage = """
        usage: kernel-bench [--filter TEXT] [--type Q4_K] [--isa avx2] [--model NAME] [--json] [--openblas] [--vulkan]
               kernel-bench --compare A.json B.json
          --filter TEXT   only benchmarks whose name contains TEXT ("matmul", "attention", "x2048 n=8")
          --type LABEL    only this weight type
          --isa NAME      only this instruction set; default: all of this CPU but scalar
          --model NAME    shapes of this model: \(ModelShape.all.map(\.name).joined(separator: ", "))
          --json          one JSON object a line: the machine, then for each instruction set its limits and its kernels
          --openblas      the products by OpenBLAS as well
          --compare A B   two files of --json lines: ratios above 1 where B is faster, and whether they exceed the noise
          --vulkan        shaders on the first Vulkan device instead of kernels; --vulkan=N: on device N
        One thread; a kernel that differs from the scalar reference is reported and not measured.
        """

    enum Problem: Error, CustomStringConvertible {
        case unknownFlag(String), missingValue(String), unknownType(String), unknownISA(String), unknownModel(String)
        var description: String {
            switch self {
            case .unknownFlag(let flag): "unknown flag \(flag)"
            case .missingValue(let flag): "\(flag) needs a value"
            case .unknownType(let label): "unknown tensor type \(label)"
            case .unknownISA(let name): "instruction set \(name) is unknown, or this CPU lacks it"
            case .unknownModel(let name): "no shapes of a model \(name)"
            }
        }
    }

    init(_ arguments: [String]) throws(Problem) {
        var rest = arguments[...]
        func value(_ flag: String) throws(Problem) -> String {
            guard let next = rest.popFirst() else { throw .missingValue(flag) }
            return next
        }
        while let flag = rest.popFirst() {
            switch flag {
            case "--filter": filter = try value(flag)
            case "--type": type = try value(flag)
            case "--isa": isa = try value(flag)
            case "--model": model = try value(flag)
            case "--json": json = true
            case "--openblas": openBLAS = true
            case "--compare": compare = (try value(flag), try value(flag))
            case "--vulkan": vulkan = .some(nil)
            case _ where flag.hasPrefix("--vulkan="):
                guard let index = Int(flag.dropFirst(9)), index >= 0 else { throw .unknownFlag(flag) }
                vulkan = index
            default: throw .unknownFlag(flag)
            }
        }
        if let type, !WeightType.all.contains(where: { $0.label == type }) { throw .unknownType(type) }
        if let isa, kernels_for(isa) == nil { throw .unknownISA(isa) }
        if !ModelShape.all.contains(where: { $0.name == model }) { throw .unknownModel(model) }
    }

    /// The instruction sets to measure.
    var isas: [String] {
        if let isa { return [isa] }
        var names: [String] = []
        var next = kernels_isas()
        while let entry = next?.pointee {
            let name = String(cString: entry)
            if name != "scalar", kernels_for(name) != nil { names.append(name) }
            next = next?.advanced(by: 1)
        }
        return names
    }
}
