// IQ4_XS: 8 groups of 32, y = d * (scale - 32) * value, one of 16. f16 d | u16, upper 2 bits of the scales | 4 bytes, their
// low 4 bits | for each group 16 bytes, low nibbles the first 16 values, high nibbles the second.
#include "../common/four_bit_values.glsl"
const uvec2 BLOCK = uvec2(256, 136);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint g = first / 32u;
    const uint low = load_u8(w, block + 4u + g / 2u) >> g % 2u * 4u & 15u;
    const uint upper = load_u16(w, block + 2u) >> g * 2u & 3u;
    const float d = load_f16(w, block) * (float(low | upper << 4) - 32.0);
    uint q[8];
    unpack(w, block + 8u + g * 16u + first % 16u, first % 32u / 16u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * lookup(IQ4_VALUES, q[j]);
}
