// What models will need in the memory of a device, told before anything is copied there, and how many of their layers fit.
// One idea: unlike on the host everything on a device is taken at once: weights in the form they are stored there, a full
// cache with its cells for branches, activations of the largest batch, the rows of logits that are kept.

import CKernels
import Compute
import GGUF

/// Bytes one model needs on the device.
public struct DeviceDemand: Sendable {
    public var name: String
    /// Blocks on the device, of all.
    public var layers: Int
    public var blockCount: Int
    public var weights: Int
    /// The same tensors as they stand in the file.
    public var fileWeights: Int
    public var cache: Int
    public var activations: Int
    /// Rows of logits that sessions keep.
    public var logits: Int
    /// Of one session: its own, those of a draft and behind scores, each with its pass's.
    static let keptRows = 64

    /// Saturates.
    public var total: Int { saturatedSum([weights, cache, activations, logits]) }
    /// The first block on the device.
    public var firstBlock: Int { blockCount - layers }

    /// What is asked of a model of whose blocks some are on the device.
    public struct Request: Sendable {
        /// nil: all.
        public var layers: Int?
        public var context: Int?
        public var cacheType: CacheType
        /// Caches of the model.
        public var sessions: Int
        public var batch: (rows: Int, outputs: Int)

        public init(
            layers: Int?, context: Int?, cacheType: CacheType, sessions: Int = 1, batch: (rows: Int, outputs: Int)
        ) {
            (self.layers, self.context, self.cacheType, self.sessions) = (layers, context, cacheType, sessions)
            self.batch = batch
        }
    }

    /// From a file that is open. `stored`: the type a weight of a type has on the device. Throws where the config cannot be read.
    public init(name: String, file: GGUFFile, _ request: Request, stored: (tensor_type) -> tensor_type)
        throws(TransformerError)
    {
        let config = try DecoderConfig(file)
        let demand = try MemoryDemand(
            name: name, file: file, mode: .map, context: request.context, cacheType: request.cacheType,
            batch: request.batch)
        self.name = name
        blockCount = config.blockCount
        layers = min(max(request.layers ?? blockCount, 0), blockCount)
        (weights, fileWeights, cache, activations, logits) = (0, 0, 0, 0, 0)
        guard layers > 0 else { return }
        let first = firstBlock
        for tensor in file.tensors where file.isNeeded(tensor.name, fromBlock: first) {
            fileWeights += tensor.byteCount
            // Vectors are F32 wherever they are.
            let type = tensor.shape.count > 1 ? stored(tensor.type.cType) : tensor_type_f32
            weights += Tensor.byteCount(type: type, shape: [tensor.valueCount]) ?? tensor.byteCount
        }
        let cells = demand.context + KVCache.defaultBranchCells(context: demand.context)
        cache = try KVCache.byteCount(config, blocks: first..<blockCount, cells: cells, type: demand.cacheType)
        cache = saturated(cache, times: request.sessions)
        activations = demand.activations
        logits = saturated(DeviceDemand.keptRows * config.vocabularySize * 4, times: request.sessions)
    }
}

extension GGUFFile {
    /// Whether a tensor belongs to the blocks from `first` on or to the head.
    func isNeeded(_ name: String, fromBlock first: Int) -> Bool {
        let parts = name.split(separator: ".")
        if parts.first == "blk", parts.count > 1, let block = Int(parts[1]) { return block >= first }
        if parts.first == "output" || parts.first == "output_norm" { return true }
        return first == 0 || (parts.first == "token_embd" && tensor("output.weight") == nil)
    }
}

/// What all models of a run need on one device, against what there is.
public struct DevicePlan: Sendable {
    public var device: String
    public var demands: [DeviceDemand]
    public var available: Int
    /// Staging memory and the unused ends of chunks, whatever the models.
    public static let overhead = 64 << 20

    public init(device: String, demands: [DeviceDemand], available: Int) {
        (self.device, self.demands, self.available) = (device, demands, available)
    }

    public var total: Int { saturatedSum(demands.map(\.total) + [DevicePlan.overhead]) }
    public var fits: Bool { total <= available }

    /// One line per model and one for the sum.
    public var lines: [String] {
        demands.map {
            "device memory: \($0.name): \($0.layers) of \($0.blockCount) layers, weights \(mebibytes($0.weights)), "
                + "cache \(mebibytes($0.cache)), activations \(mebibytes($0.activations)), logits \(mebibytes($0.logits))"
        } + ["device memory: \(mebibytes(total)) in all, \(mebibytes(available)) available (\(device))"]
    }

    /// The most layers that fit, the same number for every model; nil: not even one.
    public static func mostLayers(_ plan: (_ layers: Int) -> DevicePlan?) -> Int? {
        guard let largest = plan(.max)?.demands.map(\.blockCount).max() else { return nil }
        return (1...max(largest, 1)).last { plan($0)?.fits ?? false }
    }
}
