// IQ4_NL: y = d * value, one of 16. f16 d | 16 bytes, low nibbles the first 16 values, high nibbles the second.
#include "../common/four_bit_values.glsl"
const uvec2 BLOCK = uvec2(32, 18);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    scale = vec2(load_f16(w, block), 0.0);
    return lookup(IQ4_VALUES, unpack(w, block + 2u + first % 16u, first / 16u * 4u, 0x0f0f0f0fu));
}
