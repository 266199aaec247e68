// MXFP4: y = 2^(e - 127) * E2M1 value. u8 e | 16 bytes, low nibbles the first 16 values, high nibbles the second.
// The table holds doubled values, so the scale is 2^(e - 128).
#include "../common/four_bit_values.glsl"
const uvec2 BLOCK = uvec2(32, 17);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint e = load_u8(w, block);
    scale = vec2(uintBitsToFloat(e < 2u ? 0x00200000u << e : (e - 1u) << 23), 0.0);
    return lookup(E2M1_DOUBLED, unpack(w, block + 1u + first % 16u, first / 16u * 4u, 0x0f0f0f0fu));
}
