// Everything in which one decoder-only model differs from another, as data. Names are the GGUF keys in camelCase.
// An architecture sets flags; Decoder.forward reads flags and never asks for an architecture's name.

import CKernels
import Compute

public struct DecoderConfig: Sendable {
    /// Normalisation of q and k before RoPE.
    public enum QKNorm: Sendable {
        case none
        /// Over each head; the weight is one head wide, or one set per head.
        case perHead
        /// Over all heads together.
        case fullWidth
    }

    /// How angles are changed for contexts longer than those trained on.
    public enum RopeScaling: Sendable, Equatable {
        case none
        case linear(factor: Float)
        /// Inverse frequencies are divided by the tensor rope_freqs.
        case llama3
        case yarn(factor: Float, originalContextLength: Int, attnFactor: Float, betaFast: Float, betaSlow: Float)
        /// Inverse frequencies are divided by rope_factors_long or _short, by the context's size.
        case longrope(originalContextLength: Int, attnFactor: Float)
    }

    /// A mixture of experts in place of one feed-forward network.
    public struct ExpertConfig: Sendable {
        public var count: Int
        public var usedCount: Int
        public var feedForwardLength: Int
        /// 0: no shared expert.
        public var sharedFeedForwardLength = 0
        public var gating = Experts.Gating.softmax
        public var weightsNorm = true
        public var weightsScale: Float = 1
        /// Blocks before this one have an ordinary network.
        public var leadingDenseBlockCount = 0
    }

    public let architecture: String

    // Sizes.
    public var vocabularySize = 0
    public var contextLength = 0
    public var embeddingLength = 0
    public var blockCount = 0
    /// Per block.
    public var feedForwardLength: [Int] = []
    public var headCount: [Int] = []
    public var headCountKV: [Int] = []
    public var keyLength = 0
    public var valueLength = 0

    // Embeddings.
    public var embeddingScale: Float = 1
    public var learnedPositions = false
    public var embeddingNorm = false

    // Norms.
    public var norm = Norm.Kind.rms
    public var normEpsilon: Float = 0
    public var preNorm = true
    public var postNorms = false
    /// The tensor that normalises the feed-forward network's input.
    public var ffnNormName = "ffn_norm"
    public var qkNorm = QKNorm.none

    // Attention.
    /// q, k and v must have biases; where this is false they may.
    public var attentionBias = false
    /// nil: 1 / sqrt(keyLength).
    public var attentionScale: Float?
    public var attentionSoftcap: Float = 0
    public var attentionSinks = false
    /// Largest ALiBi exponent; 0: no ALiBi.
    public var maxAlibiBias: Float = 0
    /// A key is visible when q - k < slidingWindow, in the blocks where `isWindowed`.
    public var slidingWindow: Int?
    public var isWindowed: [Bool] = []

    // RoPE.
    /// nil: no RoPE.
    public var ropeStyle: rope_style?
    public var ropeDimensionCount = 0
    public var ropeFreqBase: Float = 10000
    /// Base of windowed blocks, which then are not scaled; nil: they are like the others.
    public var ropeFreqBaseSWA: Float?
    public var ropeScaling = RopeScaling.none
    /// Blocks without RoPE.
    public var isUnrotated: [Bool] = []

    // Blocks.
    public var parallelResidual = false
    public var activation = Activation.silu
    public var gated = true
    /// ffn_up holds gate and up stacked, gate first.
    public var fusedGateUp = false
    public var experts: ExpertConfig?

    // Scales.
    public var residualScale: Float = 1
    /// Logits are multiplied by it.
    public var logitScale: Float = 1
    public var finalSoftcap: Float = 0

    init(architecture: String) { self.architecture = architecture }

    /// Every `pattern`-th block sees everything, the others the last `window` tokens.
    mutating func setWindow(_ window: Int, pattern: Int) {
        slidingWindow = window
        isWindowed = (0..<blockCount).map { pattern == 0 || $0 % pattern < pattern - 1 }
    }

    /// LayerNorm, no gate: the family of GPT-2.
    mutating func setGPT(activation: Activation) {
        norm = .layer
        gated = false
        self.activation = activation
    }

    /// The factor of attention scores.
    var scoreScale: Float { attentionScale ?? 1 / Float(keyLength).squareRoot() }

    func usesExperts(_ block: Int) -> Bool { experts.map { block >= $0.leadingDenseBlockCount } ?? false }
}
