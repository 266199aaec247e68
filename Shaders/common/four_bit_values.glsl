// The 16 values of IQ4_NL and IQ4_XS, and twice those of E2M1 (MXFP4), as packed signed bytes; the lists stand in
// Sources/CKernels/quant/blocks.h.
const uvec4 IQ4_VALUES = uvec4(0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u);
const uvec4 E2M1_DOUBLED = uvec4(0x03020100u, 0x0c080604u, 0xfdfeff00u, 0xf4f8fafcu);
