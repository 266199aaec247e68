// Q4_0: y = d * (q - 8). f16 d | 16 bytes, low nibbles the first 16 values, high nibbles the second.
const uvec2 BLOCK = uvec2(32, 18);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const float d = load_f16(w, block);
    uint q[8];
    unpack(w, block + 2u + first % 16u, first / 16u * 4u, 15u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * (float(q[j]) - 8.0);
}
