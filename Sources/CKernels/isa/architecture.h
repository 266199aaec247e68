/// The instruction sets of this build's architecture above the scalar reference, slowest first, and what becomes of a row of
/// kernels.def: that file lists the kernels of all architectures, and the rows of other ones vanish here.
#ifndef ISA_ARCHITECTURE_H
#define ISA_ARCHITECTURE_H

#if defined(__x86_64__)
#define ISAS(ISA) ISA(avx2) ISA(avx512)
#define ROW_avx2(...) __VA_ARGS__
#define ROW_avx512(...) __VA_ARGS__
#else
#define ROW_avx2(...)
#define ROW_avx512(...)
#endif

#if defined(__aarch64__)
#define ISAS(ISA) ISA(neon) ISA(dotprod)
#define ROW_neon(...) __VA_ARGS__
#define ROW_dotprod(...) __VA_ARGS__
#else
#define ROW_neon(...)
#define ROW_dotprod(...)
#endif

#ifndef ISAS
#define ISAS(ISA)
#endif
#endif
