// Q6_K: 16 groups of 16, y = d * scale * (q - 32). 128 bytes of low nibbles | 64 bytes of upper pairs | 16 int8 scales |
// f16 d. Each half of 128 values: the nibbles of byte j belong to values j and j + 64, the pairs of byte j to values j,
// j + 32, j + 64, j + 96.
const uvec2 BLOCK = uvec2(256, 210);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const uint h = first / 128u, quarter = first % 128u / 32u;
    const float scale = float(bitfieldExtract(int(load_u8(w, block + 192u + first / 16u)), 0, 8));
    const float d = load_f16(w, block + 208u) * scale;
    uint low[8], upper[8];
    unpack(w, block + 64u * h + quarter % 2u * 32u + first % 32u, quarter / 2u * 4u, 15u, low);
    unpack(w, block + 128u + 32u * h + first % 32u, quarter * 2u, 3u, upper);
    for (uint j = 0u; j < 8u; j++) y[j] = d * (float(low[j] | upper[j] << 4) - 32.0);
}
