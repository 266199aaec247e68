// Fetches tensors of a file by name and checks their shapes; matrices are looked at in place.
// Vectors (norms, biases) are wanted in F32: those of another type or alignment are converted, they are small.

import CKernels
import Compute
import GGUF

struct WeightLoader {
    let file: GGUFFile
    /// Where the next tensors go.
    var backend: any Backend
    private(set) var used: Set<String> = []

    init(_ file: GGUFFile, backend: any Backend) {
        self.file = file
        self.backend = backend
    }

    /// A weight `[out, in]` or `[experts, out, in]`.
    mutating func matrix(_ name: String, _ shape: [Int]) throws(TransformerError) -> Tensor {
        let info = try info(name)
        guard info.shape == shape else { throw .wrongShape(tensor: name, expected: shape, found: info.shape) }
        used.insert(name)
        do throws(ComputeError) {
            let bytes = file.bytes(of: info)
            return try backend.weight(bytes, owner: file, type: info.type.cType, shape: shape)
        } catch {
            if case .unsupportedWeightType(let label) = error { throw .wrongType(tensor: name, found: label) }
            throw .compute(error)
        }
    }

    mutating func matrixIfPresent(_ name: String, _ shape: [Int]) throws(TransformerError) -> Tensor? {
        file.tensor(name) == nil ? nil : try matrix(name, shape)
    }

    /// A vector in F32, of one of the given shapes.
    mutating func vector(_ name: String, _ shapes: [Int]...) throws(TransformerError) -> Tensor {
        let info = try info(name)
        guard shapes.contains(info.shape) else {
            throw .wrongShape(tensor: name, expected: shapes[0], found: info.shape)
        }
        used.insert(name)
        let bytes = file.bytes(of: info)
        let isAligned = UInt(bitPattern: bytes.baseAddress) % 4 == 0
        if info.type == .f32, isAligned {
            return try carrying { () throws(ComputeError) in
                try backend.weight(bytes, owner: file, type: tensor_type_f32, shape: info.shape)
            }
        }
        let row = tensor_type_get(info.type.cType).pointee
        guard row.dot != nil else { throw .wrongType(tensor: name, found: info.type.label) }
        let copy = try carrying { () throws(ComputeError) in try Buffer(reserving: info.valueCount * 4) }
        let values = copy.contents.assumingMemoryBound(to: Float.self)
        row.dequantize(bytes.baseAddress, values, info.valueCount / info.type.blockSize)
        return try carrying { () throws(ComputeError) in
            let converted = UnsafeRawBufferPointer(start: copy.contents, count: info.valueCount * 4)
            return try backend.weight(converted, owner: copy, type: tensor_type_f32, shape: info.shape)
        }
    }

    mutating func vectorIfPresent(_ name: String, _ shapes: [Int]...) throws(TransformerError) -> Tensor? {
        guard file.tensor(name) != nil else { return nil }
        return shapes.count == 1 ? try vector(name, shapes[0]) : try vector(name, shapes[0], shapes[1])
    }

    private func info(_ name: String) throws(TransformerError) -> TensorInfo {
        guard let info = file.tensor(name) else { throw .missingTensor(name: name) }
        return info
    }
}
