// What the self-test's cases do not reach: limits of devices, variants that are switched off, memory that is let go,
// types without shaders, failures, and files that are not to be believed.

import CKernels
import CVulkan
import Compute
import Foundation
import Testing

@testable import VulkanCompute

extension OnDevice {
    @Suite struct BackendTests {
        let instance: Instance
        let device: Device

        init() throws {
            device = try #require(TestDevice.backend).device
            instance = device.instance
        }

        /// The error of all cases of some variants on a backend.
        func error(of variants: String..., on backend: VulkanBackend) throws -> Float {
            let reference = try CPUBackend(threads: 1, isa: "scalar", blas: false)
            return try SelfTestCases.all.filter { variants.contains($0.variant) }.reduce(0) { largest, test in
                let found = try test.run(SelfTestSide(backend, form: .given))
                return try max(largest, SelfTest.error(found, test.run(SelfTestSide(reference, form: .exact))))
            }
        }

        @Test func dispatchesAreCutToTheDevicesLimit() throws {
            var small = device.description
            small.mostGroups = 9
            let backend = try VulkanBackend(try Device(small, of: instance), arithmetic: [])
            let tested = try error(of: "matvec.q4_k", "embed.f16", "add", "norm", "store", on: backend)
            #expect(tested <= SelfTest.tolerance)
        }

        @Test func largeWeightsAreLookedAtInParts() throws {
            let backend = try VulkanBackend(device, arithmetic: [], reach: 1000)
            let tested = try error(of: "matvec.q6_k", "matmul.q6_k", "matmul.mxfp4", "embed.q4_0", on: backend)
            #expect(tested <= SelfTest.tolerance)
        }

        @Test func otherVariantsStandInForThoseSwitchedOff() throws {
            let off: Set = ["matvec.q8_0", "matmul.q5_0", "embed.q4_1", "matvec.bf16", "matmul.bf16"]
            let backend = try VulkanBackend(device, switchedOff: off, arithmetic: [])
            // Weights become F16 in the last two cases: rounding of 2^-11 of each.
            #expect(try error(of: "matvec.q8_0", "matmul.q5_0", on: backend) <= SelfTest.tolerance)
            #expect(try error(of: "embed.q4_1", "matmul.bf16", on: backend) <= 1 / 2048)
            #expect(VulkanBackend.irreplaceable(off).isEmpty)
            #expect(VulkanBackend.irreplaceable(["norm", "embed.f32", "matvec.q8_0"]) == ["embed.f32", "norm"])
        }

        @Test(arguments: [tensor_type_iq2_xxs, tensor_type_tq2_0, tensor_type_nvfp4])
        func typesWithoutShadersBecomeF16(_ type: tensor_type) throws {
            let backend = try #require(TestDevice.backend)
            let info = tensor_type_get(type).pointee
            let blocks = 6 * 256 / Int(info.block_size)
            // Bytes of 1: no scale is NaN.
            let bytes = [UInt8](repeating: 1, count: blocks * Int(info.block_bytes))
            var expected = [Float](repeating: 0, count: 6 * 256)
            info.dequantize(bytes, &expected, blocks)
            let table = try bytes.withUnsafeBytes {
                try backend.weight($0, owner: backend, type: type, shape: [6, 256])
            }
            #expect(table.type == tensor_type_f16)
            let y = try backend.makeTensor(type: tensor_type_f32, shape: [6, 256])
            backend.embed([0, 1, 2, 3, 4, 5], table: table, into: y, accumulate: false)
            let found = try backend.read(y)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) <= abs(b) / 2048 + 0x1p-25) }
        }

        @Test func memoryLetGoIsUsedAgainAfterItsCommands() throws {
            let backend = try VulkanBackend(device)
            let ones = [Float](repeating: 1, count: 1 << 18)
            let source = try ones.withUnsafeBytes {
                try backend.weight($0, owner: backend, type: tensor_type_f32, shape: [1 << 18])
            }
            let sum = try backend.makeTensor(type: tensor_type_f32, shape: [1 << 18])
            // 40 MB in tensors of 1 MB that die at once while commands on them wait.
            for _ in 0..<40 {
                let copy = try backend.makeTensor(type: tensor_type_f32, shape: [1 << 18])
                backend.add(source, scale: 1, to: copy)
                backend.add(copy, scale: 1, to: sum)
            }
            #expect(try backend.read(sum) == [Float](repeating: 40, count: 1 << 18))
        }

        @Test func failuresAreThrownByTheNextReadOnly() throws {
            let backend = try VulkanBackend(device)
            let wide = try backend.makeTensor(type: tensor_type_f32, shape: [1, 1, 2000])
            let q = try backend.makeTensor(type: tensor_type_f32, shape: [1, 2000])
            let visible = VisibleCells(ranges: [cell_range(start: 0, count: 1)], offsets: [0, 1])
            let cache = CacheRows(rows: 0..<1, keys: wide, values: wide)
            backend.attend(Attention(q: q, out: q, caches: [cache], visible: visible, heads: (1, 1)))
            #expect(throws: ComputeError.self) { try backend.read(q) }
            #expect(try backend.read(q).count == 2000)
            #expect(throws: ComputeError.self) { try backend.makeTensor(type: tensor_type_f32, shape: [1 << 40]) }
            #expect(throws: ComputeError.self) {
                try [UInt8](repeating: 0, count: 7).withUnsafeBytes {
                    try backend.weight($0, owner: backend, type: tensor_type_f32, shape: [2])
                }
            }
        }

        @Test func resultsBecomeErrorsThatCallersCanTreat() {
            #expect(device.failure(0, step: "run") == nil)
            #expect(device.failure(-4, step: "run") == .deviceLost(device: device.name))
            #expect(device.failure(-2, allocating: 7) == .outOfMemory(byteCount: 7))
            guard case .deviceFailed = device.failure(-3, allocating: 7) else {
                Issue.record("another result is the device's failure")
                return
            }
        }

        /// Activations beyond F16's range, and rows of very different sizes, before cooperative matrices.
        @Test(.enabled(if: TestDevice.matrices != nil, "no cooperative matrices"))
        func matricesTakeActivationsOfAnySize() throws {
            let product = { (backend: VulkanBackend) throws -> [Float] in
                let side = SelfTestSide(backend, form: .given)
                let weight = try side.weight(tensor_type_q8_0, 70, 512)
                let sizes: [Float] = [1e-30, 1e-6, 1, 1e6, 1e30]
                let rows = (0..<40 * 512).map { (i: Int) -> Float in Float(i * 7919 % 1009) * sizes[i / 512 % 5] }
                let (x, y) = (try side.upload(rows, [40, 512]), try side.empty(40, 70))
                backend.project(x, through: [Projection(weight, into: y)])
                return try backend.read(y)
            }
            let found = try product(try #require(TestDevice.matrices))
            let expected = try product(try #require(TestDevice.backend))
            for row in 0..<40 {
                let part = row * 70..<(row + 1) * 70
                #expect(SelfTest.error(Array(found[part]), Array(expected[part])) <= SelfTest.halfTolerance)
            }
            let side = SelfTestSide(try #require(TestDevice.matrices), form: .given)
            let y = try side.empty(40, 70)
            var values = [Float](repeating: 1, count: 40 * 512)
            (values[600], values[1700]) = (.nan, .infinity)
            let x = try side.upload(values, [40, 512])
            side.backend.project(x, through: [Projection(try side.weight(tensor_type_q8_0, 70, 512), into: y)])
            let rows = try side.backend.read(y)
            let isBroken = { (row: Int) in rows[row * 70..<(row + 1) * 70].contains { !$0.isFinite } }
            #expect((0..<40).filter(isBroken) == [1, 3])
        }

        /// halve.comp runs on any device: to the nearest half, ties to even, of the row times a power of two; zeros from k on.
        @Test(arguments: [1, 45, 64, 300])
        func activationsBecomeHalves(k: Int) throws {
            let backend = try #require(TestDevice.backend)
            let side = SelfTestSide(backend, form: .given)
            let halved = { (x: Tensor) throws -> (halves: [Float], scales: [Float]) in
                let made = try backend.attempt { () throws(ComputeError) in
                    var rounded = VulkanBackend.RoundedRows()
                    return try backend.input(x, .halves, &rounded)
                }
                return (try backend.read(made.reads[0]), try backend.read(made.reads[1]))
            }
            // Ones everywhere first, so that zeros are written and not found.
            _ = try halved(try side.upload([Float](repeating: 1, count: 9 * 320), [9, 320]))
            // 11 bits and a half, at sizes down to what is no normal half any more.
            let magnitudes: [Float] = [1, 0x1p-13, 0x1p-22]
            let steps = (0..<k).map { (i: Int) -> Float in
                let step = (1 + Float(i) * 0x1p-12) * magnitudes[i / 15 % 3]
                return i % 3 == 0 ? step : -step
            }
            // No subnormal numbers, which a device may take for zero.
            let sizes: [Float] = [1, 0.75, 1e-30, 1e30, 3, 0x1p-126, 0, 1, 1]
            var values = sizes.flatMap { (size: Float) -> [Float] in
                steps.map { ($0 * size).isNormal ? $0 * size : 0 }
            }
            values[7 * k + k / 2] = .nan
            values[8 * k + k / 3] = -.infinity
            let found = try halved(try side.upload(values, [9, k]))
            let stride = (k + 31) / 32 * 32
            #expect(found.halves.count == 9 * stride / 2)
            let bits = found.halves.flatMap { (pair: Float) -> [UInt16] in
                [UInt16(pair.bitPattern & 0xffff), UInt16(pair.bitPattern >> 16)]
            }
            for row in 0..<9 {
                let own = values[row * k..<(row + 1) * k]
                // The largest magnitude between 2^14 and 2^15; the scale never subnormal.
                let largest = own.map { $0.magnitude.bitPattern }.max() ?? 0
                let exponent = max(largest >> 23, 15) - 14
                #expect(found.scales[row] == Float(bitPattern: exponent << 23))
                let factor = Float(bitPattern: (254 - exponent) << 23)
                let halves = bits[row * stride..<(row + 1) * stride].map { Float16(bitPattern: $0) }
                for (half, value) in zip(halves, own) {
                    let expected = Float16(value * factor)
                    let isRight = expected.isNaN ? half.isNaN : half.bitPattern == expected.bitPattern
                    #expect(isRight, "row \(row): \(value) became \(half)")
                }
                #expect(halves.dropFirst(k).allSatisfy { $0.bitPattern == 0 })
            }
        }

        /// NaN in a cache or in logits must not come out as a number.
        @Test func notANumberIsSeen() throws {
            let backend = try #require(TestDevice.backend)
            let side = SelfTestSide(backend, form: .given)
            let x = try side.upload([1, .nan, 3, 4], [1, 4])
            let cache = try side.cache(tensor_type_f32, [1, 8, 4])
            backend.store(x, in: cache, cells: [0])
            let visible = VisibleCells(ranges: [cell_range(start: 0, count: 1)], offsets: [0, 1])
            let (q, out) = (try side.floats(1, 4), try side.empty(1, 4))
            let rows = CacheRows(rows: 0..<1, keys: cache, values: cache)
            backend.attend(Attention(q: q, out: out, caches: [rows], visible: visible, heads: (1, 1)))
            #expect(try backend.read(out).allSatisfy(\.isNaN))
            #expect(try backend.logProbabilities(of: [0], logits: x)[0].isNaN)
            let y = try side.empty(1, 4)
            backend.normalize(x, with: Norm(kind: .rms, width: 4, weight: nil, epsilon: 1e-5), into: y)
            #expect(try backend.read(y).allSatisfy(\.isNaN))
        }

        @Test func devicesThatAreNotThereAreRefused() throws {
            #expect(throws: VulkanError.noSuchDevice(index: 99, count: instance.devices.count)) {
                try instance.device(99)
            }
            let kinds = instance.devices.map(\.kind)
            #expect(kinds == kinds.sorted())
        }
    }
}

struct CacheFileTests {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)/a/b").path

    @Test func bytesComeBackUnlessTheyAreDamaged() throws {
        let file = CacheFile(path: path)
        #expect(file.read() == nil)
        file.write([1, 2, 3])
        #expect(file.read() == [1, 2, 3])
        file.write([])
        #expect(file.read() == nil)
        file.write([4, 5, 6])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(file.read() == nil)
        try bytes.prefix(10).write(to: URL(fileURLWithPath: path))
        #expect(file.read() == nil)
        try FileManager.default.removeItem(atPath: String(path.dropLast(4)))
    }

    /// Any change of any byte, and of the length.
    @Test func buildsAreToldApart() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let digest = { (bytes: [UInt8]) throws -> UInt64 in
            try Data(bytes).write(to: file)
            var digest: UInt64 = 0
            #expect(cvk_file_digest(file.path, &digest))
            return digest
        }
        let bytes = (0..<1001).map { UInt8($0 % 251) }
        var seen: Set = try [digest(bytes), digest(bytes + [0]), digest(bytes.dropLast())]
        for at in [0, 7, 8, 31, 32, 500, 991, 992, 1000] {
            for bit in [UInt8(1), 128] {
                var changed = bytes
                changed[at] ^= bit
                seen.insert(try digest(changed))
            }
        }
        #expect(seen.count == 3 + 18)
        #expect(try digest(bytes) == digest(bytes))
        var none: UInt64 = 0
        #expect(!cvk_file_digest(file.path + ".absent", &none))
        var own: UInt64 = 0
        #expect(cvk_file_digest("/proc/self/exe", &own))
        #expect(VulkanBackend.buildDigest == String(own, radix: 16))
    }
}
