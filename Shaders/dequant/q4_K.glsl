// Q4_K: 8 groups of 32, y = d * scale * q - dmin * min. f16 d, dmin | 12 bytes: scales and mins | 128 bytes: for each pair
// of groups 32 bytes, low nibbles the first group, high nibbles the second.
#include "../common/six_bit_scales.glsl"
const uvec2 BLOCK = uvec2(256, 144);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint g = first / 32u;
    scale = vec2(load_f16(w, block), -load_f16(w, block + 2u)) * six_bit_scales(w, block + 4u, g);
    return unpack(w, block + 16u + g / 2u * 32u + first % 32u, g % 2u * 4u, 0x0f0f0f0fu);
}
