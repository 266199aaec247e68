// The dequantiser of the variant being compiled, which tools/compile_shaders.sh includes by the name of variant.glsl
// (glslc does not expand macros in #include). Each file of dequant/ defines the same two names:
//   BLOCK       values and bytes of a block (plain types: 8 values make one)
//   dequantize  the 8 values of the block at byte `block` from the one numbered `first`, a multiple of 8, on
// What the bits mean is decided by Sources/CKernels/quant/<type>.c.
#include "memory.glsl"
#include "variant.glsl"

/// The 8 values of a row from column `column` on, a multiple of 8; those beyond the row's end are undefined.
void load_values(Words w, uint row, uint column, out float y[8]) {
    dequantize(w, row + column / BLOCK.x * BLOCK.y, column % BLOCK.x, y);
}
