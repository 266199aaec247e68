// Shapes of real models, by name, and the tensor types with a matmul.
import CKernels

struct ModelShape {
    let name: String
    let embedding, feedForward, queryHeads, kvHeads, headDimension: Int

    static let all = [
        ModelShape(
            name: "llama-3.2-1b", embedding: 2048, feedForward: 8192, queryHeads: 32, kvHeads: 8, headDimension: 64),
        ModelShape(
            name: "qwen2.5-0.5b", embedding: 896, feedForward: 4864, queryHeads: 14, kvHeads: 2, headDimension: 64),
        ModelShape(
            name: "llama-3.1-8b", embedding: 4096, feedForward: 14336, queryHeads: 32, kvHeads: 8, headDimension: 128),
        ModelShape(
            name: "qwen3-0.6b", embedding: 1024, feedForward: 3072, queryHeads: 16, kvHeads: 8, headDimension: 128),
        ModelShape(
            name: "smollm2-135m", embedding: 576, feedForward: 1536, queryHeads: 9, kvHeads: 3, headDimension: 64),
        ModelShape(
            name: "tinyllama-1.1b", embedding: 2048, feedForward: 5632, queryHeads: 32, kvHeads: 4, headDimension: 64),
        ModelShape(
            name: "gemma-2-2b", embedding: 2304, feedForward: 9216, queryHeads: 8, kvHeads: 4, headDimension: 256),
    ]

    /// Weight matrices as (role, rows, k); the head is left out, it is like ffn_up with more rows.
    var matrices: [(role: String, rows: Int, k: Int)] {
        [
            ("attn_q", queryHeads * headDimension, embedding), ("attn_k", kvHeads * headDimension, embedding),
            ("ffn_up", feedForward, embedding), ("ffn_down", embedding, feedForward),
        ]
    }
}

struct WeightType {
    let type: tensor_type
    var info: tensor_type_info { tensor_type_get(type).pointee }
    var label: String { String(cString: info.label) }
    var activation: tensor_type_info { tensor_type_get(info.activation).pointee }

    static let all = (0..<tensor_type_count.rawValue).map { WeightType(type: tensor_type(rawValue: $0)) }
        .filter { $0.info.dot != nil }

    /// Bytes of k values, or nil where k is no multiple of the block sizes.
    func rowBytes(_ k: Int) -> Int? { Self.bytes(info, k) }
    func activationBytes(_ k: Int) -> Int? { Self.bytes(activation, k) }

    private static func bytes(_ info: tensor_type_info, _ k: Int) -> Int? {
        k % Int(info.block_size) == 0 ? k / Int(info.block_size) * Int(info.block_bytes) : nil
    }
}
