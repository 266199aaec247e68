// F32: 4 bytes a value, always aligned.
const uvec2 BLOCK = uvec2(8, 32);

void dequantize(Words w, uint block, uint first, out float y[8]) {
    for (uint j = 0u; j < 8u; j++) y[j] = uintBitsToFloat(w.at[(block >> 2) + j]);
}
