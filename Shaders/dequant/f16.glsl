// F16: IEEE binary16, 2 bytes a value.
const uvec2 BLOCK = uvec2(8, 16);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    for (uint j = 0u; j < 4u; j++) {
        const uint pair = load_u32(w, block + 4u * j);
        y[2u * j] = f16_to_f32(pair & 0xffffu);
        y[2u * j + 1u] = f16_to_f32(pair >> 16);
    }
}
