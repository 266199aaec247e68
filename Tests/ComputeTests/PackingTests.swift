// Weights that the CPU backend copies into interleaved rows: the same products to the bit, and an honest word about the copy.

import CKernels
import Synchronization
import Testing

@testable import Compute

struct PackingTests {
    private static let types = (0..<tensor_type_count.rawValue).map { tensor_type(rawValue: $0) }.filter {
        tensor_type_interleaves($0) && tensor_type_get($0).pointee.activation != tensor_type_f32
    }

    /// Memory of quantised noise that outlives the tensors looking into it.
    private final class Weights {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ type: tensor_type, values: [Float]) {
            let info = tensor_type_get(type).pointee
            let blocks = values.count / Int(info.block_size)
            bytes = .allocate(byteCount: blocks * Int(info.block_bytes), alignment: 64)
            info.quantize(values, bytes.baseAddress, blocks)
        }

        deinit { bytes.deallocate() }
    }

    private func weight(_ backend: CPUBackend, _ type: tensor_type, rows: Int, columns: Int) throws -> Tensor {
        var noise = Noise()
        let memory = Weights(type, values: noise.floats(rows * columns))
        return try backend.weight(
            UnsafeRawBufferPointer(memory.bytes), owner: memory, type: type, shape: [rows, columns])
    }

    private func products(_ backend: CPUBackend, _ weights: [Tensor], rows: Int) throws -> [[Float]] {
        var noise = Noise()
        let x = try backend.tensor(noise.floats(rows * weights[0].columns), rows, weights[0].columns)
        let outputs = try weights.map { try backend.output(rows, $0.rows) }
        backend.project(x, through: zip(weights, outputs).map { Projection($0, into: $1) })
        return try outputs.map { try backend.read($0) }
    }

    @Test(arguments: types, [1, 7, 70])
    func packedWeightsGiveTheSameBits(_ type: tensor_type, rows: Int) throws {
        let backend = try CPUBackend(threads: 2, blas: false)
        // 88 rows are groups of 8, 67 are not and stay.
        let plain = try [88, 67, 512].map { try weight(backend, type, rows: $0, columns: 768) }
        let released = Mutex(0)
        let packed = try backend.pack(plain) { bytes in released.withLock { $0 += bytes.count } }
        let expects = CPUBackend.availableISAs.count > 1  // all but the reference have interleaved kernels
        #expect(packed.map(\.layout) == (expects ? [.interleaved, .rows, .interleaved] : [.rows, .rows, .rows]))
        #expect(released.withLock { $0 } == (expects ? (88 + 512) * plain[0].rowBytes : 0))
        #expect(try products(backend, packed, rows: rows) == products(backend, plain, rows: rows))
        let part = packed[2].rowSlice(64..<128)
        #expect(
            try products(backend, [part], rows: rows) == products(backend, [plain[2].rowSlice(64..<128)], rows: rows))
    }

    @Test func nothingIsCopiedWhereItIsNotWanted() throws {
        for backend in [try CPUBackend(threads: 1, repack: false), try CPUBackend(threads: 1, isa: "scalar")] {
            let plain = try weight(backend, tensor_type_q8_0, rows: 16, columns: 64)
            let packed = try backend.pack([plain]) { _ in Issue.record("released") }
            #expect(packed[0].layout == .rows)
            #expect(packed[0].bytes == plain.bytes)
        }
    }
}
