// The forward pass of every architecture, top to bottom. It reads flags of the config, never names of architectures.
// One idea: one batch of rows, one pass over the weights, whatever timelines and branches the rows belong to.
// Letters are those of the papers: x the residual stream, h its normalised form, q, k, v.

import CKernels
import Compute
import GGUF
import Glibc
import Synchronization

public final class Decoder: Sendable {
    public let config: DecoderConfig
    /// Which backend computes which blocks.
    public let placement: Placement
    /// Computes the head.
    public var backend: any Backend { placement.device }
    /// Tensors of the file that the model does not use.
    public let unusedTensors: [String]
    let weights: Weights
    private let slopes: [[Float]]
    private let rope: RopeTables?
    private let hasF32Weights: Bool
    private let workspaces = Mutex<[Workspace]>([])

    /// Checks the file's weights and hands them to the backend; throws what is missing, misshapen or unknown, by name.
    /// `packs` false: no backend copies weights, whatever that costs in speed.
    public convenience init(file: GGUFFile, backend: any Backend, packs: Bool = true) throws(TransformerError) {
        try self.init(file: file, packs: packs) { _ in Placement(backend) }
    }

    /// The same with the placement that `place` chooses for the model's number of blocks.
    public init(file: GGUFFile, packs: Bool = true, place: (_ blockCount: Int) -> Placement) throws(TransformerError) {
        let config = try DecoderConfig(file)
        self.config = config
        placement = place(config.blockCount)
        var weights = try Weights(file, config: config, placement: placement)
        if packs { try weights.pack(file, placement) }
        self.weights = weights
        unusedTensors = weights.unused
        slopes = config.headCount.map { alibiSlopes(maxBias: config.maxAlibiBias, heads: $0) }
        rope = config.ropeStyle.map { [weights] in RopeTables(config, weights: weights, style: $0) }
        hasF32Weights = weights.layers[0].attnQ.weight.type == tensor_type_f32
    }

    /// A cache for one timeline of up to `context` tokens, with `branchCells` more cells (nil: as many, from 2048 to 8192) for
    /// branches. Nothing is resident until written. Throws contextOutOfRange, cacheTypeMismatch, or lack of memory.
    public func makeCache(context: Int, type: CacheType = .automatic, branchCells: Int? = nil)
        throws(TransformerError) -> KVCache
    {
        let largest = config.learnedPositions ? config.contextLength : 1 << 28
        guard context >= 1, context <= largest else { throw .contextOutOfRange(requested: context, largest: largest) }
        precondition(branchCells ?? 0 >= 0, "branchCells cannot be negative")
        let layout = KVCache.Layout(
            decoder: ObjectIdentifier(self), type: type == .automatic ? (hasF32Weights ? .f32 : .f16) : type,
            context: context, branchCells: branchCells ?? KVCache.defaultBranchCells(context: context),
            headCountKV: config.headCountKV, keyLength: config.keyLength, valueLength: config.valueLength)
        return try KVCache(layout, placement: placement)
    }

    /// Runs all tokens of all runs in one batch; caches grow by them. Nothing is written if the batch is refused:
    /// contextFull, branchCellsFull, tokenOutOfRange, noTokens, targetCountMismatch, branchesOpen, duplicateRun,
    /// unknownBranch, foreignCache. Outputs are in the order of runs. May be called from several threads with different caches.
    public func forward(_ runs: [Run]) throws(TransformerError) -> [RunOutput] {
        let batch = try Batch(runs, config: config, decoder: ObjectIdentifier(self))
        let work = workspaces.withLock { $0.popLast() } ?? Workspace(placement)
        defer { workspaces.withLock { $0.append(work) } }
        let n = batch.tokens.count
        let width = config.embeddingLength

        work.begin()
        var backend = work.backend
        var x = try work.tensor(.x, n, width)
        backend.embed(batch.tokens, table: weights.tokenEmbd, into: x, accumulate: false)
        if config.embeddingScale != 1 { backend.scale(x, by: config.embeddingScale, softcap: 0) }
        if let positions = weights.positionEmbd {
            backend.embed(batch.positions, table: positions, into: x, accumulate: true)
        }
        if let norm = weights.tokenEmbdNorm { backend.normalize(x, with: norm, into: x) }
        let rotation = rotation(of: batch, windowed: false)
        let windowRotation = rope?.windowed == nil ? rotation : self.rotation(of: batch, windowed: true)

        for (block, layer) in weights.layers.enumerated() {
            let (heads, kvHeads) = (config.headCount[block], config.headCountKV[block])
            if placement.crosses(before: block) {
                x = try work.cross(x)
                backend = work.backend
            }

            // Attention.
            var h = x
            if let norm = layer.attnNorm {
                h = try work.tensor(.h, n, width)
                backend.normalize(x, with: norm, into: h)
            }
            var input = h
            if let norm = layer.attnNorm2 {
                input = try work.tensor(.h2, n, width)
                backend.normalize(x, with: norm, into: input)
            }
            let q = try work.tensor(.q, n, heads * config.keyLength)
            let k = try work.tensor(.k, n, kvHeads * config.keyLength)
            let v = try work.tensor(.v, n, kvHeads * config.valueLength)
            backend.project(input, through: [layer.attnQ.into(q), layer.attnK.into(k), layer.attnV.into(v)])
            if let norm = layer.attnQNorm { backend.normalize(q, with: norm, into: q) }
            if let norm = layer.attnKNorm { backend.normalize(k, with: norm, into: k) }
            if let rotation = config.isWindowed[block] ? windowRotation : rotation, !config.isUnrotated[block] {
                backend.rotate(q, heads: heads, by: rotation)
                backend.rotate(k, heads: kvHeads, by: rotation)
            }
            for (cache, rows) in batch.groups {
                backend.store(k.rowSlice(rows), in: cache.keys[block], cells: batch.cells[rows])
                backend.store(v.rowSlice(rows), in: cache.values[block], cells: batch.cells[rows])
            }
            var attention = Attention(
                q: q, out: try work.tensor(.attention, n, heads * config.valueLength),
                caches: batch.groups.map { CacheRows(rows: $1, keys: $0.keys[block], values: $0.values[block]) },
                visible: config.isWindowed[block] ? batch.window : batch.everything, heads: (heads, kvHeads))
            attention.scale = config.scoreScale
            attention.softcap = config.attentionSoftcap
            attention.alibiSlopes = slopes[block]
            attention.sinks = layer.attnSinks
            backend.attend(attention)
            let attended = try work.tensor(.branch, n, width)
            backend.project(attention.out, through: [layer.attnOutput.into(attended)])
            if let norm = layer.postAttentionNorm { backend.normalize(attended, with: norm, into: attended) }

            // Feed-forward network, on the attention's input or on its sum.
            if !config.parallelResidual {
                backend.add(attended, scale: config.residualScale, to: x)
                h = x
            }
            if let norm = layer.ffnNorm {
                h = try work.tensor(.h, n, width)
                backend.normalize(x, with: norm, into: h)
            }
            let fed = try work.tensor(.branch2, n, width)
            if let experts = layer.experts { backend.mixExperts(h, experts: experts, into: fed) }
            if let network = layer.feedForward { try feedForward(h, network, into: fed, work) }
            if let norm = layer.postFfwNorm { backend.normalize(fed, with: norm, into: fed) }
            if config.parallelResidual { backend.add(attended, scale: config.residualScale, to: x) }
            backend.add(fed, scale: config.residualScale, to: x)
        }

        let outputs = try readOutputs(of: runs, batch, x, work)
        for (run, place) in zip(runs, batch.placed) {
            run.cache.append(run.tokens.count, at: place.firstCell, to: run.branch)
        }
        return outputs
    }

    /// y = down(f(gate x) * up x), or down(f(up x)) without a gate.
    private func feedForward(_ x: Tensor, _ network: Experts.FeedForward, into y: Tensor, _ work: Workspace)
        throws(TransformerError)
    {
        let backend = work.backend
        let up = try work.tensor(.up, x.rows, network.up.rows)
        let upProjection = Projection(network.up, bias: network.upBias, into: up)
        if let weight = network.gate {
            let gate = try work.tensor(.gate, x.rows, weight.rows)
            backend.project(x, through: [Projection(weight, bias: network.gateBias, into: gate), upProjection])
            backend.activate(config.activation, gate: gate, up: up, into: up)
        } else {
            backend.project(x, through: [upProjection])
            backend.activate(config.activation, gate: up, up: nil, into: up)
        }
        backend.project(up, through: [Projection(network.down, bias: network.downBias, into: y)])
    }

    /// The angles of every row; nil without RoPE. A cache's context size may choose the table (longrope).
    private func rotation(of batch: Batch, windowed: Bool) -> Rotation? {
        guard let rope else { return nil }
        var cosSin: [Float] = []
        cosSin.reserveCapacity(batch.tokens.count * config.ropeDimensionCount)
        for (cache, rows) in batch.groups {
            let table = windowed ? rope.windowed ?? rope.full : rope.table(context: cache.context)
            for row in rows { table.appendAngles(of: batch.positions[row], to: &cosSin) }
        }
        return Rotation(cosSin: cosSin, pairs: config.ropeDimensionCount / 2, style: rope.full.style)
    }
}

/// Slopes m^(h+1) with m = 2^(-maxBias / n), n the largest power of two up to `heads`; heads beyond n take the odd
/// powers of the half exponent. Empty without ALiBi. Source: arXiv 2108.12409.
func alibiSlopes(maxBias: Float, heads: Int) -> [Float] {
    guard maxBias > 0 else { return [] }
    var power = 1
    while power * 2 <= heads { power *= 2 }
    return (0..<heads).map { head in
        let exponent =
            head < power
            ? maxBias / Float(power) * Float(head + 1) : maxBias / 2 / Float(power) * Float(2 * (head - power) + 1)
        return powf(2, -exponent)
    }
}
