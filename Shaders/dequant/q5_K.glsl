// Q5_K: 8 groups of 32, y = d * scale * q - dmin * min. f16 d, dmin | 12 bytes: scales and mins | 32 bytes of fifth bits:
// bit g of byte j belongs to value j of group g | 128 bytes of nibbles as in Q4_K.
#include "../common/six_bit_scales.glsl"
const uvec2 BLOCK = uvec2(256, 176);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint g = first / 32u;
    scale = vec2(load_f16(w, block), -load_f16(w, block + 2u)) * six_bit_scales(w, block + 4u, g);
    const uvec2 fifth = unpack(w, block + 16u + first % 32u, g, 0x01010101u);
    return unpack(w, block + 48u + g / 2u * 32u + first % 32u, g % 2u * 4u, 0x0f0f0f0fu) | fifth << 4;
}
