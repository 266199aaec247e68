// The head: logits and log-probabilities of the rows that someone wants, in slices that bound memory.
// Rows nobody wants are neither normalised nor multiplied with the vocabulary.

import Compute

extension Decoder {
    /// A row that needs the head.
    private struct HeadRow {
        var run: Int
        var row: Int
        var target: Int32?
        /// Its place among the run's log-probabilities.
        var index: Int
        var wantsLogits: Bool
    }

    /// Floats of logits held at once: 32 MiB.
    private static let sliceFloats = 1 << 23

    func readOutputs(of runs: [Run], _ batch: Batch, _ x: Tensor, _ work: Workspace)
        throws(TransformerError) -> [RunOutput]
    {
        var outputs = [RunOutput](repeating: RunOutput(), count: runs.count)
        var wanted: [HeadRow] = []
        for (i, run) in runs.enumerated() {
            wanted += headRows(of: run, number: i, rows: batch.placed[i].rows)
            if case .scores = run.want { outputs[i].logprobs = [Float](repeating: 0, count: run.tokens.count) }
        }
        let step = max(8, min(512, Decoder.sliceFloats / config.vocabularySize))
        // What does not fit into one slice would be much to keep on a device.
        let keeps = wanted.count <= step
        for start in stride(from: 0, to: wanted.count, by: step) {
            let slice = wanted[start..<min(start + step, wanted.count)]
            try readSlice(slice, x, work, keeps: keeps, into: &outputs)
        }
        return outputs
    }

    private func headRows(of run: Run, number: Int, rows: Range<Int>) -> [HeadRow] {
        let last = rows.upperBound - 1
        switch run.want {
        case .nothing: return []
        case .lastLogits: return [HeadRow(run: number, row: last, index: 0, wantsLogits: true)]
        case .allLogits: return rows.map { HeadRow(run: number, row: $0, index: 0, wantsLogits: true) }
        case .scores(let targets):
            return rows.enumerated().filter { targets[$0.offset] != nil || $0.element == last }.map {
                HeadRow(
                    run: number, row: $0.element, target: targets[$0.offset], index: $0.offset,
                    wantsLogits: $0.element == last)
            }
        }
    }

    private func readSlice(
        _ wanted: ArraySlice<HeadRow>, _ x: Tensor, _ work: Workspace, keeps: Bool, into outputs: inout [RunOutput]
    ) throws(TransformerError) {
        let h = try work.tensor(.head, wanted.count, config.embeddingLength)
        backend.gather(wanted.map(\.row), of: x, into: h)
        backend.normalize(h, with: weights.outputNorm, into: h)
        let logits = try work.tensor(.logits, wanted.count, config.vocabularySize)
        backend.project(h, through: [weights.output.into(logits)])
        if config.logitScale != 1 || config.finalSoftcap != 0 {
            backend.scale(logits, by: config.logitScale, softcap: config.finalSoftcap)
        }
        let targets = wanted.map(\.target)
        if targets.contains(where: { $0 != nil }) {
            let scores = try carrying { () throws(ComputeError) in
                try backend.logProbabilities(of: targets[...], logits: logits)
            }
            for (row, score) in zip(wanted, scores) where row.target != nil {
                outputs[row.run].logprobs[row.index] = score
                outputs[row.run].isFinite = outputs[row.run].isFinite && score.isFinite
            }
        }
        let asked = wanted.enumerated().filter(\.element.wantsLogits)
        let rows = try carrying { () throws(ComputeError) in
            let indices = asked.map(\.offset)
            return keeps ? try backend.keep(indices, of: logits) : try backend.readRows(indices, of: logits)
        }
        for ((_, asker), row) in zip(asked, rows) {
            outputs[asker.run].rows.append(row)
            outputs[asker.run].isFinite = outputs[asker.run].isFinite && row.isFinite
        }
    }
}
