/// For the template functions of the kernels: inlining into every instantiation, so that their mode arguments are constants,
/// and complete unrolling of loops over registers (arrays of vectors stay in registers only then).
#ifndef ISA_INLINE_H
#define ISA_INLINE_H
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif
