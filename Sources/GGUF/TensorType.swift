// Swift's view of tensor_types.def: one value per row of the C list, nothing stated twice.
// It does not convert data; that is CKernels' and Compute's business.
import CKernels

/// A tensor type of the list in CKernels: how many values a block holds, in how many bytes.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    /// The same type for C, the dense index into the list.
    public let cType: tensor_type

    public static let f32 = TensorType(cType: tensor_type_f32)
    public static let f16 = TensorType(cType: tensor_type_f16)
    public static let bf16 = TensorType(cType: tensor_type_bf16)
    public static let q8_0 = TensorType(cType: tensor_type_q8_0)

    /// Every type, in the order of the list.
    public static let all: [TensorType] = (0..<tensor_type_count.rawValue).map {
        TensorType(cType: tensor_type(rawValue: $0))
    }

    private init(cType: tensor_type) { self.cType = cType }

    /// The type with this number in GGUF files; nil for a number that is not on the list.
    public init?(ggmlID: UInt32) {
        let found = tensor_type_from_ggml(ggmlID)
        guard found != tensor_type_count else { return nil }
        self.init(cType: found)
    }

    /// The type users write as `label`, upper or lower case ("Q4_K").
    public init?(label: String) {
        let wanted = label.lowercased()
        guard let found = TensorType.all.first(where: { $0.label.lowercased() == wanted }) else { return nil }
        self = found
    }

    private var row: tensor_type_info { tensor_type_get(cType).pointee }

    /// As users and files write it: "Q4_K".
    public var label: String { String(cString: row.label) }
    /// The number in GGUF files.
    public var ggmlID: UInt32 { row.ggml_id }
    /// Values per block.
    public var blockSize: Int { Int(row.block_size) }
    /// Bytes per block.
    public var blockBytes: Int { Int(row.block_bytes) }
    /// What activations are converted to before they meet weights of this type.
    public var activation: TensorType { TensorType(cType: row.activation) }

    public var description: String { label }

    /// Bytes of `values` packed values; nil if they do not fill whole blocks, are negative, or the size overflows.
    public func byteCount(values: Int) -> Int? {
        let row = row
        guard values >= 0, values % Int(row.block_size) == 0 else { return nil }
        let (bytes, overflow) = (values / Int(row.block_size)).multipliedReportingOverflow(by: Int(row.block_bytes))
        return overflow ? nil : bytes
    }

    public static func == (left: TensorType, right: TensorType) -> Bool {
        left.cType.rawValue == right.cType.rawValue
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(cType.rawValue) }
}
