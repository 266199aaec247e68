// The end of a pass: only results leave the device. Rows of logits that are kept stay here; their largest logits and their
// normalisers come back, 12 bytes a row, whatever the vocabulary.

import Compute

extension VulkanBackend {
    public func logProbabilities(of targets: ArraySlice<Int32?>, logits: Tensor) throws(ComputeError) -> [Float] {
        guard !targets.isEmpty else { return [] }
        return try attempt { () throws(ComputeError) in
            try readBack(targets.count) { (place) throws(ComputeError) in
                try recordLogProbabilities(of: targets.map { $0 ?? -1 }, logits: logits, to: place)
            }
        }
    }

    /// Copies the rows: the pass's own tensor is used again by the next one. On the host where the device has no memory for
    /// them, or a wrong argmax.
    public func keep(_ rows: [Int], of logits: Tensor) throws(ComputeError) -> [any LogitRow] {
        if rows.isEmpty { return [] }
        if !switchedOff.contains("argmax"), let kept = try keepHere(rows, of: logits) { return kept }
        return try readRows(rows, of: logits)
    }

    /// nil where there is no memory for the copies.
    private func keepHere(_ rows: [Int], of logits: Tensor) throws(ComputeError) -> [any LogitRow]? {
        try attempt { () throws(ComputeError) in
            guard let memory = try allocateIfPossible(rows.count * logits.rowBytes) else { return nil }
            let kept = Tensor(buffer: memory.buffer, shape: [rows.count, logits.columns])
            try copyRows(
                rows, columns: logits.columns, from: logits.address, to: kept.address, reads: [logits], writes: [kept])
            let found: [UInt32] = try readBack(3 * rows.count) { (place) throws(ComputeError) in
                var push = PushConstants()
                push.add(address: kept.address)
                push.add(address: place)
                push.add(kept.columns)
                let shader = try index(of: "argmax")
                try record(index: shader, [], push, groups: (rows.count, 1), reads: [kept], writes: [])
                let logarithms = [Int32](repeating: -2, count: rows.count)
                try recordLogProbabilities(of: logarithms, logits: kept, to: place + UInt(8 * rows.count))
            }
            return rows.indices.map { i in
                DeviceLogits(
                    backend: self, row: kept.rowSlice(i..<i + 1), argmax: Int32(truncatingIfNeeded: found[2 * i]),
                    largest: Float(bitPattern: found[2 * i + 1]),
                    logSumExp: Double(Float(bitPattern: found[2 * rows.count + i])))
            }
        }
    }

    private func allocateIfPossible(_ byteCount: Int) throws(ComputeError) -> Allocation? {
        do throws(ComputeError) {
            return try allocate(byteCount)
        } catch {
            guard case .outOfMemory = error else { throw error }
            return nil
        }
    }

    /// Targets as the shader has them: -1 for none, -2 for the normaliser itself.
    private func recordLogProbabilities(of targets: [Int32], logits: Tensor, to place: UInt) throws(ComputeError) {
        var push = PushConstants()
        push.add(address: logits.address)
        push.add(address: try recorder.upload(targets))
        push.add(address: place)
        push.add(logits.columns)
        let shader = try index(of: "logprob")
        try record(index: shader, [], push, groups: (targets.count, 1), reads: [logits], writes: [])
    }
}

/// A row on the device. Its log-probabilities are in single precision, as those of `logProbabilities`.
private struct DeviceLogits: LogitRow {
    let backend: VulkanBackend
    /// `[1, vocabulary]`
    let row: Tensor
    /// Where the row is not finite, an infinity or NaN.
    let argmax: Int32
    let largest: Float
    let logSumExp: Double

    var count: Int { row.columns }
    var isFinite: Bool { largest.isFinite }

    func values() throws(ComputeError) -> [Float] { try backend.read(row) }

    func values(of tokens: [Int32]) throws(ComputeError) -> [Float] {
        if tokens.allSatisfy({ $0 == argmax }) { return tokens.map { _ in largest } }
        return try backend.attempt { () throws(ComputeError) in
            try backend.readBack(tokens.count) { (place) throws(ComputeError) in
                try backend.copyRows(
                    tokens.map { Int($0) }, columns: 1, from: row.address, to: place, reads: [row], writes: [])
            }
        }
    }
}
