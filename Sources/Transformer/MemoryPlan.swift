// What models will need in memory, told before anything of theirs is loaded.
// One idea: the sizes follow from the file's head alone, and the same formula that refuses also looks for what would fit.
// Counted is what a full context needs at most; pages never written are never resident, so a short text needs less.
// Weights that a backend copies into a form of its own count as that copy; the mapped pages they replace are given back.
import CKernels
import Compute
import GGUF

/// Bytes one model needs.
public struct MemoryDemand: Sendable {
    public var name: String
    /// Pages of the file, shared with other processes; or its copy with load mode `read`.
    public var weights: Int
    public var isMapped: Bool
    /// The copy of weights in the form that the backend multiplies fastest.
    public var repacked = 0
    /// Keys and values of a full context, and of the cells for branches beside it.
    public var cache: Int
    public var context: Int
    public var cacheType: CacheType
    /// Activations of the largest batch.
    public var activations: Int

    /// Saturates.
    public var total: Int {
        saturatedSum([weights, repacked, cache, activations])
    }

    /// From a file that is open; throws where its config cannot be read. `rows` of a batch, `outputs` of them with logits.
    public init(
        name: String, file: GGUFFile, mode: GGUFFile.LoadMode, context: Int?, cacheType: CacheType,
        batch: (rows: Int, outputs: Int)
    ) throws(TransformerError) {
        let config = try DecoderConfig(file)
        self.name = name
        weights = file.byteCount
        isMapped = mode == .map
        self.context = context ?? config.defaultContext
        let isF32 =
            file.tensor("blk.0.attn_q.weight")?.type == .f32 || file.tensor("blk.0.attn_qkv.weight")?.type == .f32
        self.cacheType = cacheType == .automatic ? (isF32 ? .f32 : .f16) : cacheType
        cache = try KVCache.byteCount(config, context: self.context, type: self.cacheType)
        let heads = config.headCount.max() ?? 1
        let kvHeads = config.headCountKV.max() ?? 1
        let attention =
            heads * (config.keyLength + config.valueLength) + kvHeads * (config.keyLength + config.valueLength)
        let columns = 5 * config.embeddingLength + attention + 2 * (config.feedForwardLength.max() ?? 0)
        let logits = batch.outputs * config.vocabularySize
        activations = (min(batch.rows, self.context) * columns + logits) * 4
    }
}

/// A sum that stays at the largest number instead of wrapping.
func saturatedSum(_ parts: [Int]) -> Int {
    parts.reduce(0) { sum, part in
        let (total, overflow) = sum.addingReportingOverflow(part)
        return overflow ? .max : total
    }
}

/// A product that stays at the largest number instead of wrapping.
func saturated(_ bytes: Int, times count: Int) -> Int {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: count)
    return overflow ? .max : product
}

extension MemoryDemand {
    /// Counts a cache for each of so many sessions.
    public mutating func hold(sessions: Int) { cache = saturated(cache, times: sessions) }

    /// Counts the weights of the file that this backend copies, which computes the blocks below `block`; .max: all and the
    /// head. Tables of embeddings stay where they are, and are copied besides where they are the head's weights, too.
    public mutating func repack(_ file: GGUFFile, by backend: any Backend, below block: Int = .max) {
        let isTied = file.tensor("output.weight") == nil
        for tensor in file.tensors where tensor.shape.count >= 2 && tensor.name != "position_embd.weight" {
            let isTable = tensor.name == "token_embd.weight"
            let rows = tensor.shape[tensor.shape.count - 2]
            guard !isTable || isTied, backend.packs(tensor.type.cType, rows: rows) else { continue }
            if block != .max && file.isNeeded(tensor.name, fromBlock: block) { continue }
            repacked += tensor.byteCount
            if isMapped && !isTable { weights -= tensor.byteCount }
        }
    }
}

extension DecoderConfig {
    /// The context where none is asked for: the model's own, at most 4096. A model trained on 131072 tokens would
    /// otherwise reserve gigabytes for texts of a few hundred.
    public var defaultContext: Int { min(max(contextLength, 1), 4096) }
}

extension KVCache {
    /// Cells for branches beside a context, where the caller does not say: also where the context is small, whole sentences
    /// of several models, letter by letter.
    static func defaultBranchCells(context: Int) -> Int { max(2048, min(context, 8192)) }

    /// Bytes of a full cache with room for branches. Throws contextOutOfRange, cacheTypeMismatch.
    static func byteCount(_ config: DecoderConfig, context: Int, type: CacheType) throws(TransformerError) -> Int {
        let largest = 1 << 28
        guard context <= largest else { throw .contextOutOfRange(requested: context, largest: largest) }
        let cells = context + defaultBranchCells(context: context)
        return try byteCount(config, blocks: 0..<config.blockCount, cells: cells, type: type)
    }

    /// Bytes of some blocks' cells.
    static func byteCount(_ config: DecoderConfig, blocks: Range<Int>, cells: Int, type: CacheType)
        throws(TransformerError) -> Int
    {
        let blockSize = Int(tensor_type_get(type.tensorType).pointee.block_size)
        for width in [config.keyLength, config.valueLength] where width % blockSize != 0 {
            throw .cacheTypeMismatch(type: type.rawValue, width: width)
        }
        // At most 2^29 cells, 4096 blocks, 2^16 heads of 2^16 values: only the product needs a check.
        var total = 0
        for heads in config.headCountKV[blocks] {
            for width in [config.keyLength, config.valueLength] {
                let bytes = Tensor.byteCount(type: type.tensorType, shape: [heads, cells, width]) ?? .max
                let (sum, overflow) = total.addingReportingOverflow(bytes)
                guard !overflow else { throw .contextOutOfRange(requested: cells, largest: 1 << 28) }
                total = sum
            }
        }
        return total
    }
}

/// What all models of a run need together, against what there is.
public struct MemoryPlan: Sendable {
    public var demands: [MemoryDemand]
    /// nil: unknown, nothing is refused.
    public var available: AvailableMemory?

    public init(_ demands: [MemoryDemand], available: AvailableMemory?) {
        self.demands = demands
        self.available = available
    }

    public var total: Int {
        saturatedSum(demands.map(\.total))
    }

    /// Throws what is missing and which option would help.
    public func check(alternatives: (_ context: Int?, _ type: CacheType?) -> MemoryPlan?) throws(MemoryShortage) {
        guard let available, total > available.bytes else { return }
        throw MemoryShortage(
            needed: total, available: available, suggestion: suggestion(available.bytes, alternatives))
    }

    /// The mildest change that fits: mapping instead of a copy beside the repacked one, then a smaller cache type, then a shorter context, then both.
    private func suggestion(_ bytes: Int, _ alternatives: (Int?, CacheType?) -> MemoryPlan?) -> String? {
        let twice = demands.reduce(0) { $0 + ($1.isMapped ? 0 : $1.repacked) }
        if twice > 0, total - twice <= bytes { return "--load-mode map" }
        let canShrink = demands.contains { $0.cacheType != .q8_0 }
        func fits(_ context: Int?, _ type: CacheType?) -> Bool {
            alternatives(context, type).map { $0.total <= bytes } ?? false
        }
        if canShrink, fits(nil, .q8_0) { return "--cache-type q8_0" }
        let largest = demands.map(\.context).max() ?? 1
        for type in canShrink ? [nil, CacheType.q8_0] : [nil] {
            var context = largest / 2
            while context >= 256 {
                let rounded = context / 256 * 256
                if fits(rounded, type) { return "-c \(rounded)" + (type == nil ? "" : " --cache-type q8_0") }
                context /= 2
            }
        }
        return nil
    }

    /// One line per model and one for the sum.
    public var lines: [String] {
        var lines = demands.map { demand in
            "memory: \(demand.name): weights \(mebibytes(demand.weights)) \(demand.isMapped ? "mapped" : "read"), "
                + (demand.repacked > 0 ? "\(mebibytes(demand.repacked)) repacked, " : "")
                + "cache \(mebibytes(demand.cache)) (\(demand.context) tokens, \(demand.cacheType.rawValue)), "
                + "activations \(mebibytes(demand.activations))"
        }
        let there = available.map { "\(mebibytes($0.bytes)) available (\($0.source))" } ?? "available memory unknown"
        lines.append("memory: \(mebibytes(total)) in all, \(there)")
        return lines
    }
}

/// The models do not fit.
public struct MemoryShortage: Error, CustomStringConvertible {
    public let needed: Int
    public let available: AvailableMemory
    /// Options that would make it fit; nil: no option would.
    public let suggestion: String?

    public var description: String {
        let help =
            suggestion.map { "it would fit with \($0)" }
            ?? "no shorter context would make it fit: take fewer models, or files quantised to fewer bits"
        return "not enough memory: \(mebibytes(needed)) needed, \(mebibytes(available.bytes)) available "
            + "(\(available.source)); \(help)"
    }
}

/// "12.3 MiB".
public func mebibytes(_ bytes: Int) -> String {
    let tenths = (Double(bytes) / 1_048_576 * 10).rounded() / 10
    return "\(tenths) MiB"
}
