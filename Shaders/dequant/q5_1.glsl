// Q5_1: y = d * q + m. f16 d, m | u32, bit j the fifth bit of value j | 16 bytes of nibbles as in Q4_0.
const uvec2 BLOCK = uvec2(32, 24);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const float d = load_f16(w, block), m = load_f16(w, block + 2u);
    const uint fifth = load_u32(w, block + 4u) >> first;
    uint q[8];
    unpack(w, block + 8u + first % 16u, first / 16u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * float(q[j] | (fifth >> j & 1u) << 4) + m;
}
