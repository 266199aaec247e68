// Q5_K: 8 groups of 32, y = d * scale * q - dmin * min. f16 d, dmin | 12 bytes: scales and mins | 32 bytes of fifth bits:
// bit g of byte j belongs to value j of group g | 128 bytes of nibbles as in Q4_K.
#include "../common/six_bit_scales.glsl"
const uvec2 BLOCK = uvec2(256, 176);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint g = first / 32u;
    const vec2 s = vec2(load_f16(w, block), load_f16(w, block + 2u)) * six_bit_scales(w, block + 4u, g);
    uint q[8], fifth[8];
    unpack(w, block + 48u + g / 2u * 32u + first % 32u, g % 2u * 4u, 15u, q);
    unpack(w, block + 16u + first % 32u, g, 1u, fifth);
    for (uint j = 0u; j < 8u; j++) y[j] = s.x * float(q[j] | fifth[j] << 4) - s.y;
}
