// TensorType says what the C list says, and its checked sizes are checked.
import GGUF
import Testing

@Suite struct TensorTypeTests {
    @Test(arguments: TensorType.all) func foundByNumberAndLabel(type: TensorType) {
        #expect(TensorType(ggmlID: type.ggmlID) == type)
        #expect(TensorType(label: type.label) == type)
        #expect(TensorType(label: type.label.lowercased()) == type)
        #expect(type.byteCount(values: 3 * type.blockSize) == 3 * type.blockBytes)
        #expect(type.byteCount(values: 0) == 0)
        #expect(type.byteCount(values: -type.blockSize) == nil)
        if type.blockSize > 1 { #expect(type.byteCount(values: type.blockSize + 1) == nil) }
        if type.blockBytes > type.blockSize {
            #expect(type.byteCount(values: Int.max / type.blockSize * type.blockSize) == nil)
        }
    }

    @Test func theListHasEveryCurrentType() {
        // ggml ids 0...42 without the eight removed ones.
        let ids = Set(TensorType.all.map { $0.ggmlID })
        #expect(ids == Set(UInt32(0)...42).subtracting([4, 5, 31, 32, 33, 36, 37, 38]))
        #expect(TensorType(ggmlID: 4) == nil)
        #expect(TensorType(label: "Q4_2") == nil)
        #expect(TensorType.q8_0.blockBytes == 34)
        #expect(TensorType.f32.activation == .f32)
    }
}
