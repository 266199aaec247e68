// Times the loops that reach a machine's limits. The scalar ones stand here, as plain C that the compiler may vectorise for
// the baseline instruction set; the others are in x86/limits_*.c and arm/limits_arm.c. A limit is the best time of several:
// nothing is averaged.
#define _POSIX_C_SOURCE 200112L
#include "machine_limits.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kernels.h"
#include "ops/limits.h"

static uint64_t read_scalar(const char *memory, size_t bytes) {
    uint64_t sums[4] = {0};
    for (size_t i = 0; i < bytes; i += 4 * sizeof(uint64_t)) {
        for (int j = 0; j < 4; j++) {
            uint64_t value;
            memcpy(&value, memory + i + (size_t)j * sizeof value, sizeof value);
            sums[j] ^= value;
        }
    }
    return sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
}

static size_t f32_scalar(size_t rounds) {
    enum { chains = 32 };
    float sums[chains] = {0};
    for (size_t r = 0; r < rounds; r++) {
        for (int j = 0; j < chains; j++) sums[j] = sums[j] * 0.5f + 1.0f;
    }
    __asm__ volatile("" : : "m"(sums));
    return 2 * chains * rounds;
}

static size_t int8_scalar(size_t rounds) {
    int8_t a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    int32_t sum = 0;
    for (size_t r = 0; r < rounds; r++) {
        for (int j = 0; j < 8; j++) sum += a[j] * a[7 - j];
        __asm__ volatile("" : "+m"(a), "+r"(sum));
    }
    return 2 * 8 * rounds;
}

static const limit_loops *loops_for(const char *isa) {
    static const limit_loops scalar = {read_scalar, f32_scalar, int8_scalar};
    const limit_loops *loops = NULL;
    if (kernels_for(isa)) loops = limit_loops_for_x86(isa);
    if (kernels_for(isa) && !loops) loops = limit_loops_for_arm(isa);
    return loops ? loops : &scalar;
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double best_read(const limit_loops *loops, const char *memory, size_t bytes) {
    const size_t passes = bytes > (size_t)16 << 20 ? 1 : ((size_t)16 << 20) / bytes;
    double best = 0;
    for (int try = 0; try < 6; try++) {
        uint64_t sum = 0;
        const double start = cpu_seconds();
        for (size_t p = 0; p < passes; p++) {
            sum ^= loops->read(memory, bytes);
            __asm__ volatile("" : "+r"(sum) : "r"(memory) : "memory");
        }
        const double speed = (double)(passes * bytes) / (cpu_seconds() - start);
        if (speed > best) best = speed;
    }
    return best;
}

static double best_arithmetic(size_t (*loop)(size_t rounds)) {
    double best = 0;
    for (int try = 0; try < 6; try++) {
        const double start = cpu_seconds();
        const size_t operations = loop(1000000);
        const double speed = (double)operations / (cpu_seconds() - start);
        if (speed > best) best = speed;
    }
    return best;
}

machine_limits machine_limits_measure(const char *isa) {
    machine_limits limits = {.sizes = {16 << 10, 256 << 10, 4 << 20, 128 << 20}};
    const limit_loops *loops = loops_for(isa);
    const size_t largest = limits.sizes[machine_limit_levels - 1];
    char *memory = aligned_alloc(64, largest);
    if (memory) {
        memset(memory, 1, largest);
        for (int level = 0; level < machine_limit_levels; level++) {
            limits.reads[level] = best_read(loops, memory, limits.sizes[level]);
        }
    }
    free(memory);
    limits.f32 = best_arithmetic(loops->f32);
    limits.int8 = best_arithmetic(loops->int8);
    return limits;
}
