// Q6_K: 16 groups of 16, y = d * scale * (q - 32). 128 bytes of low nibbles | 64 bytes of upper pairs | 16 int8 scales |
// f16 d. Each half of 128 values: the nibbles of byte j belong to values j and j + 64, the pairs of byte j to values j,
// j + 32, j + 64, j + 96.
const uvec2 BLOCK = uvec2(256, 210);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint h = first / 128u, quarter = first % 128u / 32u;
    const float group = float(bitfieldExtract(int(load_u8(w, block + 192u + first / 16u)), 0, 8));
    scale = vec2(load_f16(w, block + 208u) * group, 0.0);
    const uvec2 low = unpack(w, block + 64u * h + quarter % 2u * 32u + first % 32u, quarter / 2u * 4u, 0x0f0f0f0fu);
    const uvec2 upper = unpack(w, block + 128u + 32u * h + first % 32u, quarter * 2u, 0x03030303u);
    return minus(low | upper << 4, 32u);
}
