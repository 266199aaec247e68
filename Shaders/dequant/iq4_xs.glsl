// IQ4_XS: 8 groups of 32, y = d * (scale - 32) * value, one of 16. f16 d | u16, upper 2 bits of the scales | 4 bytes, their
// low 4 bits | for each group 16 bytes, low nibbles the first 16 values, high nibbles the second.
#include "../common/four_bit_values.glsl"
const uvec2 BLOCK = uvec2(256, 136);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint g = first / 32u;
    const uint low = load_u8(w, block + 4u + g / 2u) >> g % 2u * 4u & 15u;
    const uint upper = load_u16(w, block + 2u) >> g * 2u & 3u;
    scale = vec2(load_f16(w, block) * (float(low | upper << 4) - 32.0), 0.0);
    return lookup(IQ4_VALUES, unpack(w, block + 8u + g * 16u + first % 16u, first % 32u / 16u * 4u, 0x0f0f0f0fu));
}
