// The dequantiser of the variant being compiled, which tools/compile_shaders.sh includes by the name of variant.glsl
// (glslc does not expand macros in #include). Each file of dequant/ defines two names:
//   BLOCK       values and bytes of a block (plain types: 8 values make one)
//   integers    of the block at byte `block` the 8 values from the one numbered `first`, a multiple of 8, on, as signed bytes
//               q with scale and offset: y = scale.x * q + scale.y; or, in plain types,
//   dequantize  the values themselves
// What the bits mean is decided by Sources/CKernels/quant/<type>.c.
#include "memory.glsl"
#include "variant.glsl"

#ifdef HAS_INTEGERS
void dequantize(Words w, uint block, uint first, out float y[8]) {
    vec2 scale;
    const uvec2 q = integers(w, block, first, scale);
    for (uint j = 0u; j < 8u; j++) y[j] = scale.x * float(byte_at(q, j)) + scale.y;
}

/// As load_values, but integers.
uvec2 load_integers(Words w, uint row, uint column, out vec2 scale) {
    return integers(w, row + column / BLOCK.x * BLOCK.y, column % BLOCK.x, scale);
}
#endif

/// The 8 values of a row from column `column` on, a multiple of 8; those beyond the row's end are undefined.
void load_values(Words w, uint row, uint column, out float y[8]) {
    dequantize(w, row + column / BLOCK.x * BLOCK.y, column % BLOCK.x, y);
}
