// Integer dot products of packed signed bytes (SPV_KHR_integer_dot_product), spelled as the bare instruction: glslc 2023.2 has no
// GL_EXT_integer_dot_product. Activations come as signed bytes with one scale for 32 values (quantize.comp).
#extension GL_EXT_spirv_intrinsics : require

const int PACKED_4X8 = 0;
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4450)
int s_dot(uint a, uint b, spirv_literal int format);

/// The sum of 8 products.
int dot8(uvec2 a, uvec2 b) { return s_dot(a.x, b.x, PACKED_4X8) + s_dot(a.y, b.y, PACKED_4X8); }
