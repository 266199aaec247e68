// Hands every matrix of the model that is multiplied to its backend, which may copy it into a form of its own.
// The table of embeddings is looked up row by row and stays as the file has it, also where it is the head's weight, too.

import Compute
import GGUF

extension Weights {
    /// Replaces the weights by what their backends make of them; pages of the file that were copied are given back.
    mutating func pack(_ file: GGUFFile, _ placement: Placement) throws(TransformerError) {
        let onHost = layers.indices.filter { !placement.isOnDevice($0) }.count
        try pack(file, placement.host, blocks: 0..<onHost, head: false)
        try pack(file, placement.device, blocks: onHost..<layers.count, head: true)
    }

    private mutating func pack(_ file: GGUFFile, _ backend: any Backend, blocks: Range<Int>, head: Bool)
        throws(TransformerError)
    {
        var matrices: [Tensor] = []
        visitMatrices(blocks, head: head) { matrices.append($0) }
        // Rows of embeddings whose table is the head's weight, too, are read again: the system then maps the file anew.
        let packed = try carrying { () throws(ComputeError) in
            try backend.pack(matrices) { file.releasePages(of: $0) }
        }
        var next = packed.makeIterator()
        visitMatrices(blocks, head: head) { matrix in
            if let replacement = next.next() { matrix = replacement }
        }
    }

    /// Every weight of a product, each once, in a fixed order.
    private mutating func visitMatrices(_ blocks: Range<Int>, head: Bool, _ visit: (inout Tensor) -> Void) {
        for i in blocks {
            visit(&layers[i].attnQ.weight)
            visit(&layers[i].attnK.weight)
            visit(&layers[i].attnV.weight)
            visit(&layers[i].attnOutput.weight)
            layers[i].feedForward?.visitMatrices(visit)
            layers[i].experts?.visitMatrices(visit)
        }
        if head { visit(&output.weight) }
    }
}

extension Experts {
    fileprivate mutating func visitMatrices(_ visit: (inout Tensor) -> Void) {
        visit(&router)
        for i in networks.indices { networks[i].visitMatrices(visit) }
        shared?.visitMatrices(visit)
        if var gate = sharedGate {
            visit(&gate)
            sharedGate = gate
        }
    }
}

extension Experts.FeedForward {
    fileprivate mutating func visitMatrices(_ visit: (inout Tensor) -> Void) {
        if var weight = gate {
            visit(&weight)
            gate = weight
        }
        visit(&up)
        visit(&down)
    }
}
