/// The tensor types by the template that multiplies them, for the files that instantiate one: LIST(MACRO) is a MACRO for each.
/// Unpacking on every architecture has the names that stand here; activations of super-blocks are Q8_K.
#ifndef FAMILIES_H
#define FAMILIES_H

/// Blocks of 32 values: MACRO(type, activation).
#define BLOCK_TYPES(MACRO) \
    MACRO(q8_0, q8_0) MACRO(q4_0, q8_0) MACRO(q4_1, q8_1) MACRO(q5_0, q8_0) MACRO(q5_1, q8_1) MACRO(iq4_nl, q8_0) \
    MACRO(mxfp4, q8_0)

/// Super-blocks of 256 values with a vector unpacking of their own: MACRO(type).
#define SUPER_BLOCK_TYPES(MACRO) MACRO(q2_K) MACRO(q3_K) MACRO(q4_K) MACRO(q5_K) MACRO(q6_K) MACRO(iq4_xs)

/// Super-blocks that fast kernels unpack by the reference (quant/super_block.h): MACRO(type).
#define UNPACKED_TYPES(MACRO) \
    MACRO(iq1_s) MACRO(iq1_m) MACRO(iq2_xxs) MACRO(iq2_xs) MACRO(iq2_s) MACRO(iq3_xxs) MACRO(iq3_s) MACRO(tq1_0) MACRO(tq2_0)
#endif
