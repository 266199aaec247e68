// To binary16 by bit arithmetic: to the nearest, halves to even; a driver may round its own conversions otherwise.
uint f32_to_f16(float f) {
    const uint bits = floatBitsToUint(f), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return sign | 0x7e00u | magnitude >> 13 & 0x03ffu;
    if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
    if (magnitude < 0x38800000u) return sign | floatBitsToUint(uintBitsToFloat(magnitude) + 0.5) - 0x3f000000u;
    return sign | magnitude + 0x0fffu + (magnitude >> 13 & 1u) - (112u << 23) >> 13;
}
