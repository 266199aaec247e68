// Q4_1: y = d * q + m. f16 d, m | 16 bytes, low nibbles the first 16 values, high nibbles the second.
const uvec2 BLOCK = uvec2(32, 20);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    scale = vec2(load_f16(w, block), load_f16(w, block + 2u));
    return unpack(w, block + 4u + first % 16u, first / 16u * 4u, 0x0f0f0f0fu);
}
