// Activations of a forward pass. One idea: one buffer per role, grown to the largest batch and used again.
// Used by one forward pass at a time; a decoder keeps as many as passes have run at once.

import CKernels
import Compute

final class Workspace: @unchecked Sendable {
    enum Role: Int, CaseIterable { case x, h, h2, q, k, v, attention, branch, gate, up, branch2, head, logits }

    private let placement: Placement
    private var buffers: [[Tensor?]] = Array(repeating: Array(repeating: nil, count: Role.allCases.count), count: 2)
    private var isOnDevice = true

    init(_ placement: Placement) { self.placement = placement }

    /// Where tensors are made, and so where the pass computes now.
    var backend: any Backend { isOnDevice ? placement.device : placement.host }

    /// Begins a pass where the first block is.
    func begin() { isOnDevice = placement.isOnDevice(0) }

    /// An F32 tensor `[rows, columns]` with undefined values, valid until the same role is asked for again.
    func tensor(_ role: Role, _ rows: Int, _ columns: Int) throws(TransformerError) -> Tensor {
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow else { throw .compute(.outOfMemory(byteCount: .max)) }
        let side = isOnDevice ? 1 : 0
        if let held = buffers[side][role.rawValue], held.columns >= count {
            return Tensor(buffer: held.buffer, shape: [rows, columns])
        }
        buffers[side][role.rawValue] = nil
        let held = try carrying { () throws(ComputeError) in
            try backend.makeTensor(type: tensor_type_f32, shape: [count])
        }
        buffers[side][role.rawValue] = held
        return Tensor(buffer: held.buffer, shape: [rows, columns])
    }

    /// Goes on on the device with the values of `x`, which are on the host.
    func cross(_ x: Tensor) throws(TransformerError) -> Tensor {
        let values = try carrying { () throws(ComputeError) in try backend.read(x) }
        isOnDevice = true
        let copy = try tensor(.x, x.rows, x.columns)
        backend.write(values, to: copy)
        return copy
    }
}
