// Activations of a forward pass. One idea: one buffer per role, grown to the largest batch and used again.
// Used by one forward pass at a time; a decoder keeps as many as passes have run at once.

import CKernels
import Compute

final class Workspace: @unchecked Sendable {
    enum Role: Int, CaseIterable { case x, h, h2, q, k, v, attention, branch, gate, up, branch2, head, logits }

    private let backend: any Backend
    private var buffers: [Tensor?] = Array(repeating: nil, count: Role.allCases.count)

    init(_ backend: any Backend) { self.backend = backend }

    /// An F32 tensor `[rows, columns]` with undefined values, valid until the same role is asked for again.
    func tensor(_ role: Role, _ rows: Int, _ columns: Int) throws(TransformerError) -> Tensor {
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow else { throw .compute(.outOfMemory(byteCount: .max)) }
        if let held = buffers[role.rawValue], held.columns >= count {
            return Tensor(buffer: held.buffer, shape: [rows, columns])
        }
        buffers[role.rawValue] = nil
        let held = try carrying { () throws(ComputeError) in
            try backend.makeTensor(type: tensor_type_f32, shape: [count])
        }
        buffers[role.rawValue] = held
        return Tensor(buffer: held.buffer, shape: [rows, columns])
    }
}
