// Q8_0: y = d * q. f16 d | 32 int8.
const uvec2 BLOCK = uvec2(32, 34);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    const float d = load_f16(w, block);
    uint q[8];
    unpack(w, block + 2u + first, 0u, 255u, q);
    for (uint j = 0u; j < 8u; j++) y[j] = d * float(bitfieldExtract(int(q[j]), 0, 8));
}
