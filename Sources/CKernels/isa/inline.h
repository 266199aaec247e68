/// For the template functions of the kernels: inlining into every instantiation, so that their mode arguments are constants,
/// and complete unrolling of loops over registers (arrays of vectors stay in registers only then). Loops are not unrolled under
/// the address sanitizer: it checks every access in every copy, and compiling took a quarter of an hour.
#ifndef ISA_INLINE_H
#define ISA_INLINE_H
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#ifdef __has_feature
#define SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#if SANITIZED && defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(disable)")   // nothing at all would be "misleading indentation" after an if
#elif SANITIZED
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif
