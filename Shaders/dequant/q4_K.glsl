// Q4_K: 8 groups of 32, y = d * scale * q - dmin * min. f16 d, dmin | 12 bytes: scales and mins | 128 bytes: for each pair
// of groups 32 bytes, low nibbles the first group, high nibbles the second.
#include "../common/six_bit_scales.glsl"
const uvec2 BLOCK = uvec2(256, 144);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint g = first / 32u;
    const vec2 s = vec2(load_f16(w, block), load_f16(w, block + 2u)) * six_bit_scales(w, block + 4u, g);
    uint q[8];
    unpack(w, block + 16u + g / 2u * 32u + first % 32u, g % 2u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = s.x * float(q[j]) - s.y;
}
