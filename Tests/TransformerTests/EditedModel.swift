// A fixture with keys or tensors changed, written to a temporary file: what a hostile or unusual file looks like.

import CKernels
import Foundation
import GGUF
import Testing

@testable import Transformer

struct EditedModel {
    /// A tensor to write: nil data means zeros.
    struct Piece {
        var name: String
        var type: TensorType
        var shape: [Int]
        var data: [UInt8]
    }

    var keys: [(key: String, value: GGUFValue)]
    var tensors: [Piece]

    init(_ name: String) throws {
        let file = try ReferenceModel.named(name).file()
        keys = file.metadata.map { ($0.key, $0.value) }
        tensors = file.tensors.map {
            Piece(name: $0.name, type: $0.type, shape: $0.shape, data: Array(file.bytes(of: $0)))
        }
    }

    mutating func set(_ key: String, _ value: GGUFValue?) {
        keys.removeAll { $0.key == key }
        if let value { keys.append((key, value)) }
    }

    mutating func remove(_ tensor: String) { tensors.removeAll { $0.name == tensor } }

    mutating func change(_ tensor: String, _ body: (inout Piece) -> Void) throws {
        body(&tensors[try #require(tensors.firstIndex { $0.name == tensor })])
    }

    func write(to folder: URL) throws -> GGUFFile {
        let path = folder.appendingPathComponent("\(UUID().uuidString).gguf").path
        let writer = try GGUFWriter(
            path: path, metadata: keys,
            tensors: tensors.map { GGUFWriter.Tensor(name: $0.name, type: $0.type, shape: $0.shape) })
        for tensor in tensors { try tensor.data.withUnsafeBytes { bytes in try writer.write(bytes) } }
        try writer.finish()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try GGUFFile(path: path, mode: .read)
    }

    /// The edited file, opened.
    func file() throws -> GGUFFile { try write(to: FileManager.default.temporaryDirectory) }
}

extension EditedModel.Piece {
    /// The same values in another type.
    func converted(to type: TensorType) -> EditedModel.Piece {
        let count = shape.reduce(1, *)
        var floats = [Float](repeating: 0, count: count)
        data.withUnsafeBytes {
            tensor_type_get(self.type.cType).pointee.dequantize($0.baseAddress, &floats, count / self.type.blockSize)
        }
        var bytes = [UInt8](repeating: 0, count: type.byteCount(values: count) ?? 0)
        tensor_type_get(type.cType).pointee.quantize(floats, &bytes, count / type.blockSize)
        return EditedModel.Piece(name: name, type: type, shape: shape, data: bytes)
    }
}
