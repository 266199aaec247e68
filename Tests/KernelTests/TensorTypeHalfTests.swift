// f16 conversions, exhaustively: every binary16 value, and every rounding boundary between two neighbours.
import CKernels
import Testing

@Suite struct TensorTypeHalfTests {
    /// The value of the bits, by the definition of binary16.
    private func value(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31), mantissa = Double(bits & 0x3FF)
        let magnitude =
            exponent == 0
            ? mantissa * 0x1p-24 : Double(sign: .plus, exponent: exponent - 15, significand: 1 + mantissa / 1024)
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    @Test func everyHalfDecodesToItsValueAndBack() {
        var wrong: [UInt16] = []
        for bits in UInt16.min...UInt16.max where bits & 0x7C00 != 0x7C00 {
            let float = f16_to_f32(bits)
            let sameSign = (float.sign == .minus) == (bits & 0x8000 != 0)
            if Double(float) != value(bits) || !sameSign || f32_to_f16(float) != bits { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func infinitiesAndNaNsKeepTheirKind() {
        #expect(f16_to_f32(0x7C00) == .infinity && f16_to_f32(0xFC00) == -.infinity)
        #expect(f32_to_f16(.infinity) == 0x7C00 && f32_to_f16(-.infinity) == 0xFC00)
        for payload: UInt16 in 1...0x3FF {
            for sign: UInt16 in [0, 0x8000] {
                let float = f16_to_f32(sign | 0x7C00 | payload)
                #expect(float.isNaN && !float.isSignalingNaN && (float.sign == .minus) == (sign != 0))
                #expect(f32_to_f16(float) == sign | 0x7E00 | payload)
            }
        }
        // A payload in the lower bits only must not become infinity.
        #expect(f32_to_f16(Float(bitPattern: 0x7F80_0001)) == 0x7E00)
    }

    @Test func roundsToNearestEvenAtEveryBoundary() {
        var wrong: [UInt16] = []
        for bits in UInt16(0)..<0x7BFF {
            let middle = Float((value(bits) + value(bits + 1)) / 2)  // exact: one bit more than binary16 has
            let even = bits & 1 == 0 ? bits : bits + 1
            let results = [f32_to_f16(middle), f32_to_f16(middle.nextDown), f32_to_f16(middle.nextUp)]
            let negative = f32_to_f16(-middle)
            if results != [even, bits, bits + 1] || negative != even | 0x8000 { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func overflowsToInfinityFrom65520() {
        #expect(f32_to_f16(65504) == 0x7BFF)
        #expect(f32_to_f16(Float(65520).nextDown) == 0x7BFF)
        #expect(f32_to_f16(65520) == 0x7C00)
        #expect(f32_to_f16(-.greatestFiniteMagnitude) == 0xFC00)
        #expect(f32_to_f16(.leastNonzeroMagnitude) == 0 && f32_to_f16(-.leastNonzeroMagnitude) == 0x8000)
    }

    @Test func bf16RoundsToNearestEvenAndKeepsNaN() throws {
        let bf16 = try #require(ListedType.labelled("BF16"))
        let cases: [(UInt32, UInt16)] = [
            (0x3F80_0000, 0x3F80), (0x3F80_7FFF, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81),
            (0x3F81_8000, 0x3F82), (0x7F7F_FFFF, 0x7F80), (0x7F80_0001, 0x7FC0), (0xFF80_0001, 0xFFC0),
            (0xFF80_0000, 0xFF80), (0x8000_0001, 0x8000),
        ]
        for (bits, expected) in cases {
            #expect(bf16.quantize([Float(bitPattern: bits)]) == [UInt8(expected & 0xFF), UInt8(expected >> 8)])
        }
    }
}
