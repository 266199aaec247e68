// Converts the tensors of a model file to other types and writes a new file.
// One idea: a plan first (one step per tensor, with a note wherever the wish could not be met), then one pass over it in
// chunks of rows, each chunk converted by all threads. Vectors, norms and what is not a matrix product stay as they are.
// It uses no importance matrix: types that need one to be of use are refused by name.
import CKernels
import Compute
import GGUF

public struct Quantizer: Sendable {
    public struct Options: Sendable {
        public var recipe: QuantizationRecipe
        /// Regular expression found in a tensor's name, and the type it gets; the first that matches decides.
        public var overrides: [(pattern: String, type: TensorType)] = []
        /// Types of output.weight and token_embd.weight instead of the recipe's.
        public var outputType: TensorType?
        public var embeddingType: TensorType?
        /// No upgrades: every matrix gets the recipe's main type.
        public var pure = false
        public var allowRequantize = false

        public init(recipe: QuantizationRecipe) { self.recipe = recipe }
    }

    /// What becomes of one tensor.
    public struct Step: Sendable {
        public let tensor: TensorInfo
        public let type: TensorType
        /// Why it is not the type the recipe wanted.
        public let note: String?

        /// Bytes of the new data. Types are chosen so that rows are whole blocks.
        public var byteCount: Int { type.byteCount(values: tensor.valueCount) ?? 0 }
    }

    public let file: GGUFFile
    public let steps: [Step]
    let fileType: UInt32

    /// Plans; throws what cannot be done before anything is written.
    public init(_ file: GGUFFile, _ options: Options) throws(QuantizationError) {
        guard file.kind == .model else { throw .notAModel(file: file.name, kind: "\(file.kind)") }
        self.file = file
        fileType = options.recipe.fileType
        var planner = try Planner(file, options)
        var steps: [Step] = []
        for tensor in file.tensors { steps.append(try planner.step(for: tensor)) }
        if let unused = planner.unmatched { throw .unmatchedPattern(pattern: unused) }
        self.steps = steps
    }

    /// Bytes of all tensors' data in the new file, without padding.
    public var byteCount: Int { steps.reduce(0) { $0 + $1.byteCount } }

    /// The types values can be converted to for use as weights.
    public static let targets = TensorType.all.filter { type in
        let row = tensor_type_get(type.cType).pointee
        return row.quantize != nil && row.dot != nil
    }

    /// Writes the new file; it appears under `path` only when complete. `progress` is called after every chunk with the
    /// step's index and the share of all bytes read so far, and stops the work by returning false (-> cancelled).
    public func write(
        to path: String, threads: Int, progress: (_ step: Int, _ done: Double) -> Bool
    ) throws(QuantizationError) {
        let pool: ThreadPool
        do { pool = try ThreadPool(threads: threads) } catch { throw .compute(error) }
        let tensors = steps.map { GGUFWriter.Tensor(name: $0.tensor.name, type: $0.type, shape: $0.tensor.shape) }
        let writer = try writing { () throws(GGUFError) in
            try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
        }
        let total = max(1, steps.reduce(0) { $0 + $1.tensor.byteCount })
        var done = 0
        for (index, step) in steps.enumerated() {
            var conversion = Conversion(step, source: file.bytes(of: step.tensor), pool: pool)
            while try conversion.next({ bytes throws(QuantizationError) in
                try writing { () throws(GGUFError) in try writer.write(bytes) }
            }) {
                let share = Double(done + conversion.sourceBytesDone) / Double(total)
                guard progress(index, share) else { throw .cancelled }
            }
            done += step.tensor.byteCount
        }
        try writing { () throws(GGUFError) in try writer.finish() }
    }

    /// The file's own keys without those of splitting, and what is now true of its types.
    var metadata: [(key: String, value: GGUFValue)] {
        let replaced = ["general.file_type", "general.quantization_version"]
        return file.metadata.filter { !$0.key.hasPrefix("split.") && !replaced.contains($0.key) }
            + [("general.quantization_version", .uint32(2)), ("general.file_type", .uint32(fileType))]
    }

    private func writing<T>(_ body: () throws(GGUFError) -> T) throws(QuantizationError) -> T {
        do { return try body() } catch { throw .file(error) }
    }
}

/// Chooses types, tensor by tensor.
private struct Planner {
    private let options: Quantizer.Options
    private let patterns: [(regex: Regex<AnyRegexOutput>, type: TensorType)]
    private var matched: Set<Int> = []
    private let blocks: Int
    private let isTied: Bool

    init(_ file: GGUFFile, _ options: Quantizer.Options) throws(QuantizationError) {
        self.options = options
        var patterns: [(regex: Regex<AnyRegexOutput>, type: TensorType)] = []
        for (pattern, type) in options.overrides {
            guard let regex = try? Regex(pattern) else { throw .badPattern(pattern: pattern) }
            patterns.append((regex, type))
        }
        self.patterns = patterns
        let architecture = file.metadata["general.architecture"]?.string ?? ""
        blocks = file.metadata["\(architecture).block_count"]?.integer ?? 0
        isTied = file.tensor("output.weight") == nil
        for type in options.overrides.map(\.type) + [options.outputType, options.embeddingType].compactMap({ $0 }) {
            guard Quantizer.targets.contains(type) else {
                throw .noQuantizer(type: type.label, available: Quantizer.targets.map(\.label))
            }
        }
    }

    /// The first override that no tensor matched.
    var unmatched: String? {
        options.overrides.indices.first { !matched.contains($0) }.map { options.overrides[$0].pattern }
    }

    mutating func step(for tensor: TensorInfo) throws(QuantizationError) -> Quantizer.Step {
        let name = tensor.name
        guard Planner.isQuantized(tensor, name) else {
            return Quantizer.Step(tensor: tensor, type: tensor.type, note: nil)
        }
        let wanted = try wanted(name)
        guard wanted != tensor.type else { return Quantizer.Step(tensor: tensor, type: wanted, note: nil) }
        guard tensor.type.blockSize == 1 || options.allowRequantize else {
            throw .alreadyQuantized(tensor: name, type: tensor.type.label)
        }
        let columns = tensor.shape.last ?? 1
        guard columns % wanted.blockSize != 0 else { return Quantizer.Step(tensor: tensor, type: wanted, note: nil) }
        let type = QuantizationRecipe.fallback(for: wanted, columns: columns)
        let note = "rows of \(columns) values are no multiple of \(wanted.blockSize): \(type) instead of \(wanted)"
        return Quantizer.Step(tensor: tensor, type: type, note: note)
    }

    private mutating func wanted(_ name: String) throws(QuantizationError) -> TensorType {
        if let index = patterns.indices.first(where: { (try? patterns[$0].regex.firstMatch(in: name)) != nil }) {
            matched.insert(index)
            return patterns[index].type
        }
        let recipe = options.recipe
        let isEmbedding = name == "token_embd.weight"
        if isEmbedding, let type = options.embeddingType { return type }
        var label = recipe.body
        if name == "output.weight" || (isEmbedding && isTied) {
            if let type = options.outputType { return type }
            label = options.pure ? recipe.body : recipe.outputLabel
        } else if isEmbedding {
            label = options.pure ? recipe.body : recipe.embeddingLabel
        } else if let (block, role) = Planner.place(name), !options.pure {
            label = recipe.label(role: role, block: block, of: blocks)
        }
        guard let type = TensorType(label: label) else {
            throw .noQuantizer(type: label, available: Quantizer.targets.map(\.label))
        }
        return type
    }

    /// Matrices that are multiplied with rows of activations. Norms, routers, tables of positions and convolutions are
    /// small and sensitive.
    private static func isQuantized(_ tensor: TensorInfo, _ name: String) -> Bool {
        let kept = ["_norm", "ffn_gate_inp", "position_embd", "token_types", "rope_", "conv1d", "ssm_a", "ssm_d."]
        let row = tensor_type_get(tensor.type.cType).pointee
        return tensor.shape.count >= 2 && tensor.valueCount > 0 && name.hasSuffix(".weight") && row.dot != nil
            && !kept.contains { name.contains($0) }
    }

    /// Block and role in "blk.<block>.<role>.weight".
    private static func place(_ name: String) -> (block: Int, role: String)? {
        let parts = name.split(separator: ".")
        guard parts.count >= 3, parts[0] == "blk", let block = Int(parts[1]) else { return nil }
        return (block, String(parts[2]))
    }
}
