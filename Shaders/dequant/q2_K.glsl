// Q2_K: 16 groups of 16, y = d * scale * q - dmin * min. 16 bytes, low nibble scale, high nibble min | 64 bytes of bit
// pairs: each half of 128 values has 32 bytes, whose pairs belong to values j, j + 32, j + 64, j + 96 | f16 d, dmin.
const uvec2 BLOCK = uvec2(256, 84);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    const uint scales = load_u8(w, block + first / 16u);
    scale = vec2(load_f16(w, block + 80u) * float(scales & 15u), -load_f16(w, block + 82u) * float(scales >> 4));
    return unpack(w, block + 16u + first / 128u * 32u + first % 32u, first % 128u / 32u * 2u, 0x03030303u);
}
