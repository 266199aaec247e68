// Writes a GGUF file: metadata and descriptions first, then the data of each tensor as it is made.
// One idea: the head is checked by our own reader before the first byte of data, so no rule is stated a second time and
// a long quantisation cannot end in a file that does not open.
// It does not split files. Source of the layout: GGUF specification, version 3.

/// One file being written. Give the data of all tensors in order, in pieces of any size, then call `finish`. A writer
/// that is dropped before leaves nothing behind.
public final class GGUFWriter {
    /// A tensor to come: its shape is row-major, as in `TensorInfo`.
    public struct Tensor: Sendable {
        public let name: String
        public let type: TensorType
        public let shape: [Int]

        public init(name: String, type: TensorType, shape: [Int]) {
            self.name = name
            self.type = type
            self.shape = shape
        }

        /// Bytes of the data; nil if the rows are no whole blocks or the size overflows.
        public var byteCount: Int? {
            var values = 1
            for extent in shape {
                let (product, overflow) = values.multipliedReportingOverflow(by: extent)
                guard !overflow else { return nil }
                values = product
            }
            return type.byteCount(values: values)
        }
    }

    private let output: OutputFile
    private let alignment: Int
    private let sizes: [Int]
    private var current = 0  // the tensor whose data comes next
    private var written = 0  // of its bytes

    /// Starts a file at `path`. `general.alignment` in the metadata is obeyed; other keys are written as they are.
    /// Throws what the reader would say about such a file, and I/O errors.
    public init(
        path: String, metadata: [(key: String, value: GGUFValue)], tensors: [Tensor]
    ) throws(GGUFError) {
        var alignment = GGUFFormat.defaultAlignment
        for case (GGUFFormat.alignmentKey, .uint32(let value)) in metadata where value.nonzeroBitCount == 1 {
            alignment = Int(value)
        }
        self.alignment = alignment
        // Sizes that cannot be are taken as zero here and named by the reader below.
        sizes = tensors.map { $0.byteCount ?? 0 }
        let (head, total) = GGUFWriter.head(metadata, tensors, sizes, alignment)
        output = try OutputFile(path: path, count: total)
        try head.span.bytes.withUnsafeBytes { bytes throws(GGUFError) in try output.write(bytes) }
        let check = try FileBytes(path: output.temporaryPath, mode: .map, name: path)
        _ = try GGUFFile(sources: [check], name: path, .strict)
        try skipCompleted()
    }

    /// The next bytes of data; they must not go beyond the current tensor.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        guard !bytes.isEmpty else { return }
        precondition(
            current < sizes.count && bytes.count <= sizes[current] - written, "more data than the tensor has room for")
        try output.write(bytes)
        written += bytes.count
        try skipCompleted()
    }

    /// Gives the file its name. All data must have been written.
    public func finish() throws(GGUFError) {
        precondition(current == sizes.count, "the data of tensor number \(current) is incomplete")
        try output.commit()
    }

    private func skipCompleted() throws(GGUFError) {
        while current < sizes.count, written == sizes[current] {
            try output.skip((alignment - written % alignment) % alignment)
            current += 1
            written = 0
        }
    }

    /// Everything before the data, padded, and the size of the whole file.
    private static func head(
        _ metadata: [(key: String, value: GGUFValue)], _ tensors: [Tensor], _ sizes: [Int], _ alignment: Int
    ) -> (bytes: [UInt8], total: Int) {
        var head = GGUFEncoder()
        head.bytes += GGUFFormat.magic
        head.append(GGUFFormat.versions.upperBound)
        head.append(UInt64(tensors.count))
        head.append(UInt64(metadata.count))
        for (key, value) in metadata {
            head.append(key)
            head.append(value.type.rawValue)
            head.append(value)
        }
        var offset = 0
        for (tensor, size) in zip(tensors, sizes) {
            head.append(tensor.name)
            head.append(UInt32(tensor.shape.count))
            for extent in tensor.shape.reversed() { head.append(UInt64(bitPattern: Int64(extent))) }
            head.append(tensor.type.ggmlID)
            head.append(UInt64(offset))
            let (end, overflow) = offset.addingReportingOverflow(size)
            offset = (overflow ? nil : GGUFFormat.align(end, to: alignment)) ?? offset
        }
        if !tensors.isEmpty {
            head.bytes += [UInt8](repeating: 0, count: (alignment - head.bytes.count % alignment) % alignment)
        }
        let (total, overflow) = head.bytes.count.addingReportingOverflow(offset)
        return (head.bytes, overflow ? Int.max : total)
    }
}

/// Appends values as they stand in a file.
struct GGUFEncoder {
    var bytes: [UInt8] = []

    mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ value: GGUFValue) {
        switch value {
        case .uint8(let value): append(value)
        case .int8(let value): append(value)
        case .uint16(let value): append(value)
        case .int16(let value): append(value)
        case .uint32(let value): append(value)
        case .int32(let value): append(value)
        case .float32(let value): append(value.bitPattern)
        case .bool(let value): append(UInt8(value ? 1 : 0))
        case .string(let value): append(value)
        case .uint64(let value): append(value)
        case .int64(let value): append(value)
        case .float64(let value): append(value.bitPattern)
        case .array(let array):
            append(array.elementType.rawValue)
            append(UInt64(array.count))
            bytes.append(contentsOf: array.source[array.elements])
        }
    }
}

extension GGUFArray {
    /// An array in memory; all `values` must be of `elementType`, which must not be `.array`.
    public init(_ elementType: GGUFValueType, _ values: [GGUFValue]) {
        precondition(elementType != .array, "an array of arrays cannot be written")
        var encoder = GGUFEncoder()
        for value in values {
            precondition(value.type == elementType, "an array holds values of one type")
            encoder.append(value)
        }
        self.init(
            source: FileBytes(copying: encoder.bytes, name: "memory"), elements: 0..<encoder.bytes.count,
            elementType: elementType, count: values.count)
    }
}
