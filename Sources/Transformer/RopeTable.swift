// Inverse frequencies of rotary position embeddings, with every scaling that models were trained with.
// angle(position, pair) = position * inverse[pair]; cosines and sines are multiplied by `magnitude`.
// Sources: RoFormer (arXiv 2104.09864), YaRN (2309.00071), LongRoPE (2402.13753); model-facts.md for llama3.

import CKernels
import Compute
import Glibc

struct RopeTable: Sendable {
    var inverse: [Float]
    var magnitude: Float = 1
    var style: rope_style

    /// The table of unscaled RoPE.
    init(base: Float, dimensions: Int, style: rope_style) {
        self.style = style
        inverse = (0..<dimensions / 2).map { Float(pow(Double(base), -2 * Double($0) / Double(dimensions))) }
    }

    /// The table of a config's full-attention blocks for one context size. Divisors were checked when loaded.
    init(_ config: DecoderConfig, weights: Weights, style: rope_style, context: Int) {
        let dimensions = config.ropeDimensionCount
        self.init(base: config.ropeFreqBase, dimensions: dimensions, style: style)
        switch config.ropeScaling {
        case .none: break
        case .linear(let factor): inverse = inverse.map { $0 / factor }
        case .llama3: divide(by: weights.ropeFactors)
        case .longrope(let original, let attnFactor):
            divide(by: context > original ? weights.ropeFactorsLong : weights.ropeFactorsShort)
            magnitude = attnFactor
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

    private mutating func divide(by factors: [Float]?) {
        guard let factors else { return }
        for i in inverse.indices { inverse[i] /= factors[i] }
    }

    /// Adds cosines, then sines, of one position.
    func appendAngles(of position: Int32, to values: inout [Float]) {
        for frequency in inverse { values.append(cosf(Float(position) * frequency) * magnitude) }
        for frequency in inverse { values.append(sinf(Float(position) * frequency) * magnitude) }
    }
}
