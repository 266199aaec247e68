// Q5_0: y = d * (q - 16). f16 d | u32, bit j the fifth bit of value j | 16 bytes of nibbles as in Q4_0.
const uvec2 BLOCK = uvec2(32, 22);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const float d = load_f16(w, block);
    const uint fifth = load_u32(w, block + 2u) >> first;
    uint q[8];
    unpack(w, block + 6u + first % 16u, first / 16u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * (float(q[j] | (fifth >> j & 1u) << 4) - 16.0);
}
