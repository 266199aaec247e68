// All tensors of a decoder, fetched by name and checked against the config. Names are the GGUF names in camelCase.
// Fused tensors (attn_qkv, stacked gate and up, experts in one tensor) are split into views of their rows here, so the
// forward pass knows one form only. What is optional in a file (biases, some norms) is an optional here.

import CKernels
import Compute
import GGUF

/// A product's weight with its bias.
struct Linear: Sendable {
    var weight: Tensor
    var bias: Tensor?

    func into(_ output: Tensor) -> Projection { Projection(weight, bias: bias, into: output) }
}

struct LayerWeights: Sendable {
    var attnNorm: Norm?
    /// Where present it feeds attention and attnNorm the feed-forward network.
    var attnNorm2: Norm?
    var attnQ: Linear
    var attnK: Linear
    var attnV: Linear
    var attnOutput: Linear
    var attnQNorm: Norm?
    var attnKNorm: Norm?
    var attnSinks: Tensor?
    var postAttentionNorm: Norm?
    var ffnNorm: Norm?
    var postFfwNorm: Norm?
    var feedForward: Experts.FeedForward?
    var experts: Experts?
}

struct Weights: Sendable {
    var tokenEmbd: Tensor
    var positionEmbd: Tensor?
    var tokenEmbdNorm: Norm?
    var layers: [LayerWeights]
    var outputNorm: Norm
    var output: Linear
    /// Divisors of inverse frequencies: rope_freqs, or the long and short sets of longrope.
    var ropeFactors: [Float]?
    var ropeFactorsLong: [Float]?
    var ropeFactorsShort: [Float]?
    /// Tensors of the file that no part of the model uses.
    var unused: [String]

    init(_ file: GGUFFile, config: DecoderConfig, placement: Placement) throws(TransformerError) {
        var loader = LayerLoader(WeightLoader(file, backend: placement.backend(ofBlock: 0)), config)
        let (vocabulary, width) = (config.vocabularySize, config.embeddingLength)
        tokenEmbd = try loader.source.matrix("token_embd.weight", [vocabulary, width])
        if config.learnedPositions {
            positionEmbd = try loader.source.matrix("position_embd.weight", [config.contextLength, width])
        }
        tokenEmbdNorm = config.embeddingNorm ? try loader.norm("token_embd_norm") : nil
        layers = []
        for block in 0..<config.blockCount {
            loader.source.backend = placement.backend(ofBlock: block)
            layers.append(try loader.layer(block))
        }
        loader.source.backend = placement.device
        outputNorm = try loader.norm("output_norm")
        var head = try loader.source.matrixIfPresent("output.weight", [vocabulary, width])
        // A tied head is on the device even where the embeddings, wanted by the first block, are on the host.
        if head == nil, !placement.isOnDevice(0) {
            head = try loader.source.matrix("token_embd.weight", [vocabulary, width])
        }
        output = Linear(
            weight: head ?? tokenEmbd, bias: try loader.source.vectorIfPresent("output.bias", [vocabulary]))
        if config.ropeStyle != nil {
            ropeFactors = try loader.factors("rope_freqs.weight", wanted: config.ropeScaling == .llama3)
            var isLong = false
            if case .longrope = config.ropeScaling { isLong = true }
            ropeFactorsLong = try loader.factors("rope_factors_long.weight", wanted: isLong)
            ropeFactorsShort = try loader.factors("rope_factors_short.weight", wanted: isLong)
        }
        let used = loader.source.used
        unused = file.tensors.map(\.name).filter { !used.contains($0) }
    }
}

/// Builds the weights of one block.
private struct LayerLoader {
    var source: WeightLoader
    let config: DecoderConfig
    private var prefix = ""
    private var block = 0

    init(_ source: WeightLoader, _ config: DecoderConfig) {
        self.source = source
        self.config = config
    }

    /// A norm over the model's width.
    mutating func norm(_ name: String) throws(TransformerError) -> Norm {
        let shape = [config.embeddingLength]
        let weight = try source.vector(prefix + name + ".weight", shape)
        let bias = try source.vectorIfPresent(prefix + name + ".bias", shape)
        return Norm(
            kind: config.norm, width: config.embeddingLength, weight: weight, bias: bias, epsilon: config.normEpsilon)
    }

    private mutating func normIfPresent(_ name: String) throws(TransformerError) -> Norm? {
        source.file.tensor(prefix + name + ".weight") == nil ? nil : try norm(name)
    }

    mutating func factors(_ name: String, wanted: Bool) throws(TransformerError) -> [Float]? {
        guard wanted else { return nil }
        let tensor = try source.vector(name, [config.ropeDimensionCount / 2])
        let values = try carrying { () throws(ComputeError) in try source.backend.read(tensor) }
        guard values.allSatisfy({ $0.isFinite && $0 != 0 }) else {
            throw .invalidValue(key: name, expected: "finite factors that are not 0", found: "\(values)")
        }
        return values
    }

    mutating func layer(_ block: Int) throws(TransformerError) -> LayerWeights {
        self.block = block
        prefix = "blk.\(block)."
        defer { prefix = "" }
        let (q, k, v) = try attentionInputs()
        let heads = config.headCount[block]
        let output = try linear("attn_output", [config.embeddingLength, heads * config.valueLength])
        var layer = LayerWeights(attnQ: q, attnK: k, attnV: v, attnOutput: output)
        if config.preNorm {
            layer.attnNorm = try norm("attn_norm")
            layer.attnNorm2 = try normIfPresent("attn_norm_2")
            layer.ffnNorm = try config.parallelResidual ? normIfPresent(config.ffnNormName) : norm(config.ffnNormName)
        }
        if config.postNorms {
            layer.postAttentionNorm = try norm("post_attention_norm")
            layer.postFfwNorm = try norm("post_ffw_norm")
        }
        layer.attnQNorm = try headNorm("attn_q_norm", heads: heads)
        layer.attnKNorm = try headNorm("attn_k_norm", heads: config.headCountKV[block])
        if config.attentionSinks { layer.attnSinks = try source.vector(prefix + "attn_sinks.weight", [heads]) }
        if config.usesExperts(block), let experts = config.experts {
            layer.experts = try self.experts(experts)
        } else {
            layer.feedForward = try feedForward("", width: config.feedForwardLength[block])
        }
        return layer
    }

    private mutating func linear(_ name: String, _ shape: [Int], needsBias: Bool = false)
        throws(TransformerError) -> Linear
    {
        let weight = try source.matrix(prefix + name + ".weight", shape)
        let bias =
            try needsBias
            ? source.vector(prefix + name + ".bias", [shape[0]])
            : source.vectorIfPresent(prefix + name + ".bias", [shape[0]])
        return Linear(weight: weight, bias: bias)
    }

    /// q, k, v from one tensor (rows of q, then k, then v) or from three.
    private mutating func attentionInputs() throws(TransformerError) -> (Linear, Linear, Linear) {
        let width = config.embeddingLength
        let qRows = config.headCount[block] * config.keyLength
        let kRows = config.headCountKV[block] * config.keyLength
        let vRows = config.headCountKV[block] * config.valueLength
        guard source.file.tensor(prefix + "attn_qkv.weight") != nil else {
            let needsBias = config.attentionBias
            return (
                try linear("attn_q", [qRows, width], needsBias: needsBias),
                try linear("attn_k", [kRows, width], needsBias: needsBias),
                try linear("attn_v", [vRows, width], needsBias: needsBias)
            )
        }
        let fused = try linear("attn_qkv", [qRows + kRows + vRows, width])
        return (
            fused.rows(0..<qRows), fused.rows(qRows..<qRows + kRows), fused.rows(qRows + kRows..<qRows + kRows + vRows)
        )
    }

    /// The norm of q or k: one head wide (one set of weights, or one per head), or over all heads.
    private mutating func headNorm(_ name: String, heads: Int) throws(TransformerError) -> Norm? {
        let width = config.qkNorm == .perHead ? config.keyLength : heads * config.keyLength
        let name = prefix + name + ".weight"
        let weight: Tensor
        switch config.qkNorm {
        case .none: return nil
        case .perHead: weight = try source.vector(name, [width], [heads, width])
        case .fullWidth: weight = try source.vector(name, [width])
        }
        return Norm(kind: config.norm, width: width, weight: weight, epsilon: config.normEpsilon)
    }

    /// An ordinary network (suffix "") or the shared expert ("_shexp").
    private mutating func feedForward(_ suffix: String, width: Int) throws(TransformerError) -> Experts.FeedForward {
        let down = try linear("ffn_down" + suffix, [config.embeddingLength, width])
        let shape = [width, config.embeddingLength]
        var gate: Linear?
        var up: Linear
        if config.fusedGateUp {
            let fused = try linear("ffn_up" + suffix, [2 * width, config.embeddingLength])
            gate = fused.rows(0..<width)
            up = fused.rows(width..<2 * width)
        } else {
            gate = config.gated ? try linear("ffn_gate" + suffix, shape) : nil
            up = try linear("ffn_up" + suffix, shape)
        }
        var network = Experts.FeedForward(gate: gate?.weight, up: up.weight, down: down.weight)
        network.gateBias = gate?.bias
        network.upBias = up.bias
        network.downBias = down.bias
        return network
    }

    private mutating func experts(_ own: DecoderConfig.ExpertConfig) throws(TransformerError) -> Experts {
        let (width, hidden) = (config.embeddingLength, own.feedForwardLength)
        let router = try linear("ffn_gate_inp", [own.count, width])
        let gates = config.gated ? try perExpert("ffn_gate", [own.count, hidden, width]) : []
        let ups = try perExpert("ffn_up", [own.count, hidden, width])
        let downs = try perExpert("ffn_down", [own.count, width, hidden])
        let networks = (0..<own.count).map { i in
            var network = Experts.FeedForward(
                gate: config.gated ? gates[i].weight : nil, up: ups[i].weight, down: downs[i].weight)
            network.gateBias = config.gated ? gates[i].bias : nil
            network.upBias = ups[i].bias
            network.downBias = downs[i].bias
            return network
        }
        var experts = Experts(router: router.weight, networks: networks, used: own.usedCount)
        experts.routerBias = router.bias
        experts.gating = own.gating
        experts.normalizesWeights = own.weightsNorm
        experts.weightsScale = own.weightsScale
        experts.activation = config.activation
        if own.sharedFeedForwardLength > 0 {
            experts.shared = try feedForward("_shexp", width: own.sharedFeedForwardLength)
            experts.sharedGate = try source.vector(prefix + "ffn_gate_inp_shexp.weight", [width], [1, width]).rowSlice(
                0..<1)
        }
        return experts
    }

    /// One product per expert, from one tensor `[experts, out, in]` or, in old files, from one tensor each.
    private mutating func perExpert(_ name: String, _ shape: [Int]) throws(TransformerError) -> [Linear] {
        let (count, rows) = (shape[0], shape[1])
        if source.file.tensor(prefix + name + "_exps.weight") == nil,
            source.file.tensor(prefix + name + ".0.weight") != nil
        {
            var each: [Linear] = []
            for i in 0..<count { each.append(try linear("\(name).\(i)", [rows, shape[2]])) }
            return each
        }
        let all = try source.matrix(prefix + name + "_exps.weight", shape)
        let biases = try source.vectorIfPresent(prefix + name + "_exps.bias", [count, rows])
        return (0..<count).map { i in
            Linear(weight: all.rowSlice(i * rows..<(i + 1) * rows), bias: biases?.rowSlice(i..<i + 1))
        }
    }
}

extension Linear {
    /// The product that gives some of the outputs.
    fileprivate func rows(_ range: Range<Int>) -> Linear {
        var part: Tensor?
        if let bias {
            part = Tensor(
                buffer: bias.buffer, offset: bias.offset + range.lowerBound * 4, type: bias.type, shape: [range.count])
        }
        return Linear(weight: weight.rowSlice(range), bias: part)
    }
}
