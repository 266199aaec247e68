// Q8_0: y = d * q. f16 d | 32 int8.
const uvec2 BLOCK = uvec2(32, 34);
#define HAS_INTEGERS

uvec2 integers(Words w, uint block, uint first, out vec2 scale) {
    scale = vec2(load_f16(w, block), 0.0);
    return unpack(w, block + 2u + first, 0u, ~0u);
}
