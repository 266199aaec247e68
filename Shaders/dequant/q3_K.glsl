// Q3_K: 16 groups of 16, y = d * (scale - 32) * (q - 4). 32 bytes of third bits: bit k of byte j belongs to value
// 32 k + j | 64 bytes of low bit pairs as in Q2_K | 12 bytes of scales: low nibbles, then upper pairs | f16 d.
const uvec2 BLOCK = uvec2(256, 110);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint g = first / 16u;
    const uint low = load_u8(w, block + 96u + g % 8u) >> g / 8u * 4u & 15u;
    const uint upper = load_u8(w, block + 104u + g % 4u) >> g / 4u * 2u & 3u;
    scale = vec2(load_f16(w, block + 108u) * (float(low | upper << 4) - 32.0), 0.0);
    const uvec2 q = unpack(w, block + 32u + first / 128u * 32u + first % 32u, first % 128u / 32u * 2u, 0x03030303u);
    const uvec2 third = unpack(w, block + first % 32u, first / 32u, 0x01010101u);
    return minus(q | third << 2, 4u);
}
