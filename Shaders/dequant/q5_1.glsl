// Q5_1: y = d * q + m. f16 d, m | u32, bit j the fifth bit of value j | 16 bytes of nibbles as in Q4_0.
const uvec2 BLOCK = uvec2(32, 24);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    scale = vec2(load_f16(w, block), load_f16(w, block + 2u));
    const uvec2 fifth = spread(load_u32(w, block + 4u) >> first) << 4;
    return unpack(w, block + 8u + first % 16u, first / 16u * 4u, 0x0f0f0f0fu) | fifth;
}
