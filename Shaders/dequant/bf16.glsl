// BF16: the upper half of a binary32.
const uvec2 BLOCK = uvec2(8, 16);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    for (uint j = 0u; j < 4u; j++) {
        const uint pair = load_u32(w, block + 4u * j);
        y[2u * j] = uintBitsToFloat(pair << 16);
        y[2u * j + 1u] = uintBitsToFloat(pair & 0xffff0000u);
    }
}
