// MXFP4: y = 2^(e - 127) * E2M1 value. u8 e | 16 bytes, low nibbles the first 16 values, high nibbles the second.
// The table holds doubled values, so the scale is 2^(e - 128).
#include "../common/four_bit_values.glsl"
const uvec2 BLOCK = uvec2(32, 17);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint e = load_u8(w, block);
    const float d = uintBitsToFloat(e < 2u ? 0x00200000u << e : (e - 1u) << 23);
    uint q[8];
    unpack(w, block + 1u + first % 16u, first / 16u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * lookup(E2M1_DOUBLED, q[j]);
}
