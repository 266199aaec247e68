// Q2_K: 16 groups of 16, y = d * scale * q - dmin * min. 16 bytes, low nibble scale, high nibble min | 64 bytes of bit
// pairs: each half of 128 values has 32 bytes, whose pairs belong to values j, j + 32, j + 64, j + 96 | f16 d, dmin.
const uvec2 BLOCK = uvec2(256, 84);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint scales = load_u8(w, block + first / 16u);
    const float scale = load_f16(w, block + 80u) * float(scales & 15u);
    const float least = load_f16(w, block + 82u) * float(scales >> 4);
    uint q[8];
    unpack(w, block + 16u + first / 128u * 32u + first % 32u, first % 128u / 32u * 2u, 3u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = scale * float(q[j]) - least;
}
