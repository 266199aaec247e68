// Mixtures of experts on the CPU: only chosen experts are evaluated, each once for all rows that chose it.
// A row's sum runs over its experts in ascending order of their number, so it does not depend on the batch.

import CKernels
import Glibc

extension CPUBackend {
    public func mixExperts(_ x: Tensor, experts: Experts, into y: Tensor) {
        serially {
            memset(y.bytes, 0, y.rows * y.rowBytes)
            let scores = scratchTensor(.router, [x.rows, experts.router.rows])
            projectInTurn(x, through: [Projection(experts.router, bias: experts.routerBias, into: scores)])
            var visits = [[(row: Int, weight: Float)]](repeating: [], count: experts.networks.count)
            for row in 0..<x.rows {
                let own = UnsafeMutableBufferPointer(start: scores.floats + row * scores.columns, count: scores.columns)
                for (expert, weight) in choose(from: own, experts) { visits[expert].append((row, weight)) }
            }
            for (expert, rows) in visits.enumerated() where !rows.isEmpty {
                run(experts.networks[expert], experts.activation, x: x, rows: rows, into: y)
            }
            if let shared = experts.shared { runShared(shared, experts, x: x, into: y) }
        }
    }

    /// The experts a row visits and their weights; scores are changed in place.
    private func choose(from scores: UnsafeMutableBufferPointer<Float>, _ experts: Experts) -> [(Int, Float)] {
        switch experts.gating {
        case .softmax: _ = kernels.softmax(scores.baseAddress, scores.count)
        case .sigmoid: for i in scores.indices { scores[i] = 1 / (1 + expf(-scores[i])) }
        case .softmaxOfChosen: break
        }
        var chosen: [Int] = []
        for _ in 0..<min(experts.used, scores.count) {
            var best = -1
            for i in scores.indices where !chosen.contains(i) {
                if best < 0 || scores[i] > scores[best] { best = i }
            }
            chosen.append(best)
        }
        var weights = chosen.map { scores[$0] }
        if experts.gating == .softmaxOfChosen { _ = kernels.softmax(&weights, weights.count) }
        let sum = experts.normalizesWeights ? weights.reduce(0, +) : 1
        return zip(chosen, weights.map { $0 / sum * experts.weightsScale }).map { ($0, $1) }
    }

    /// y[row] += weight * network(x[row]) for the visiting rows.
    private func run(
        _ network: Experts.FeedForward, _ activation: Activation, x: Tensor, rows: [(row: Int, weight: Float)],
        into y: Tensor
    ) {
        let input = scratchTensor(.expertInput, [rows.count, x.columns])
        gather(rows.map(\.row), of: x, into: input)
        let output = evaluate(network, activation, input)
        for (i, visit) in rows.enumerated() {
            kernels.add_scaled(output.floats + i * y.columns, visit.weight, y.floats + visit.row * y.columns, y.columns)
        }
    }

    private func runShared(_ network: Experts.FeedForward, _ experts: Experts, x: Tensor, into y: Tensor) {
        let output = evaluate(network, experts.activation, x)
        guard let gate = experts.sharedGate else { return add(output, scale: 1, to: y) }
        let scores = scratchTensor(.router, [x.rows, 1])
        projectInTurn(x, through: [Projection(gate, into: scores)])
        for row in 0..<x.rows {
            let weight = 1 / (1 + expf(-scores.floats[row]))
            kernels.add_scaled(output.floats + row * y.columns, weight, y.floats + row * y.columns, y.columns)
        }
    }

    private func evaluate(_ network: Experts.FeedForward, _ activation: Activation, _ x: Tensor) -> Tensor {
        let up = scratchTensor(.up, [x.rows, network.up.rows])
        var products = [Projection(network.up, bias: network.upBias, into: up)]
        if let weight = network.gate {
            let gate = scratchTensor(.gate, [x.rows, weight.rows])
            products.append(Projection(weight, bias: network.gateBias, into: gate))
            projectInTurn(x, through: products)
            activate(activation, gate: gate, up: up, into: up)
        } else {
            projectInTurn(x, through: products)
            activate(activation, gate: up, up: nil, into: up)
        }
        let down = scratchTensor(.down, [x.rows, network.down.rows])
        projectInTurn(up, through: [Projection(network.down, bias: network.downBias, into: down)])
        return down
    }

    /// An F32 tensor over scratch memory, valid until the same use is asked for again.
    private func scratchTensor(_ use: ScratchMemory.Use, _ shape: [Int]) -> Tensor {
        let byteCount = shape.reduce(4, *)
        let bytes = UnsafeRawBufferPointer(start: scratch.bytes(use, byteCount), count: byteCount)
        return Tensor(buffer: Buffer(viewing: bytes, owner: scratch), shape: shape)
    }
}
