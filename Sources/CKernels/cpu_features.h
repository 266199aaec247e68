/// What this CPU and its operating system can run, detected once.
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H
#include <stdbool.h>

/// True if the instruction set of this name ("scalar", "avx2", "neon", ...) can run here.
bool cpu_supports(const char *isa);

/// Tells the core that this is a spin loop.
static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
#endif
