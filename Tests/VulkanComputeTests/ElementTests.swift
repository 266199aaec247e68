import CKernels
import Compute
import Testing
import VulkanCompute

@Suite(.enabled(if: TestDevice.isPresent), .serialized) struct ElementTests {
    @Test func addition() throws {
        let backend = try #require(TestDevice.backend)
        print(backend.name)
        let x = try backend.makeTensor(type: tensor_type_f32, shape: [3, 70])
        let y = try backend.makeTensor(type: tensor_type_f32, shape: [3, 70])
        backend.add(x, scale: 2, to: y)
        #expect(try backend.read(y) == [Float](repeating: 0, count: 210))
    }
}
