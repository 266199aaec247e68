// Inverse frequencies of rotary position embeddings, with every scaling that models were trained with.
// angle(position, pair) = position * inverse[pair]; cosines and sines are multiplied by `magnitude`.
// Sources: RoFormer (arXiv 2104.09864), YaRN (2309.00071), LongRoPE (2402.13753); model-facts.md for llama3.

import CKernels
import Compute
import Glibc

/// The tables of one decoder.
struct RopeTables: Sendable {
    /// Blocks with full attention, contexts up to the original one.
    let full: RopeTable
    /// The same for longer contexts: differs with longrope only.
    private let long: RopeTable
    private let originalContext: Int
    /// Windowed blocks; nil: like the others.
    let windowed: RopeTable?

    init(_ config: DecoderConfig, weights: Weights, style: rope_style) {
        full = RopeTable(config, divisors: weights.ropeFactors ?? weights.ropeFactorsShort, style: style)
        long = RopeTable(config, divisors: weights.ropeFactors ?? weights.ropeFactorsLong, style: style)
        originalContext = if case .longrope(let length, _) = config.ropeScaling { length } else { .max }
        windowed = config.ropeFreqBaseSWA.map {
            RopeTable(base: $0, dimensions: config.ropeDimensionCount, style: style)
        }
    }

    func table(context: Int) -> RopeTable { context > originalContext ? long : full }
}

struct RopeTable: Sendable {
    var inverse: [Float]
    var magnitude: Float = 1
    var style: rope_style

    /// The table of unscaled RoPE.
    init(base: Float, dimensions: Int, style: rope_style) {
        self.style = style
        inverse = (0..<dimensions / 2).map { Float(pow(Double(base), -2 * Double($0) / Double(dimensions))) }
    }

    /// The table of a config's full-attention blocks. Divisors were checked when loaded.
    init(_ config: DecoderConfig, divisors: [Float]?, style: rope_style) {
        let dimensions = config.ropeDimensionCount
        self.init(base: config.ropeFreqBase, dimensions: dimensions, style: style)
        if let divisors {
            for i in inverse.indices { inverse[i] /= divisors[i] }
        }
        switch config.ropeScaling {
        case .none, .llama3: break
        case .linear(let factor): inverse = inverse.map { $0 / factor }
        case .longrope(_, let attnFactor): magnitude = attnFactor
        case .yarn(let factor, let original, let attnFactor, let betaFast, let betaSlow):
            /// The pair that turns `rotations` times in the original context.
            let pair = { (rotations: Float) -> Double in
                Double(dimensions) * log(Double(original) / (Double(rotations) * 2 * Double.pi))
                    / (2 * log(Double(config.ropeFreqBase)))
            }
            let low = max(0, floor(pair(betaFast)))
            let high = min(Double(dimensions - 1), ceil(pair(betaSlow)))
            for i in inverse.indices {
                let ramp = min(1, max(0, (Double(i) - low) / max(0.001, high - low)))
                let interpolated = Double(inverse[i]) / Double(factor)
                inverse[i] = Float(interpolated * ramp + Double(inverse[i]) * (1 - ramp))
            }
            magnitude = attnFactor * (1 + 0.1 * logf(factor))
        }
    }

    /// Adds cosines, then sines, of one position.
    func appendAngles(of position: Int32, to values: inout [Float]) {
        for frequency in inverse { values.append(cosf(Float(position) * frequency) * magnitude) }
        for frequency in inverse { values.append(sinf(Float(position) * frequency) * magnitude) }
    }
}
