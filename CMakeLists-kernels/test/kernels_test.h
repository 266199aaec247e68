/* What the files of the test share. Each check says what differs and gives false. */
#ifndef KERNELS_TEST_H
#define KERNELS_TEST_H
#include <stdbool.h>
#include <stddef.h>
#include "ckernels.h"

uint32_t random_bits(void);
/** -1 ... 1 */
float random_value(void);
/** Exactly so many bytes, so that a sanitizer sees any access beyond; ends the program without memory. */
void *allocate(size_t bytes);

/** Norms, softmax, RoPE, activations and conversions of halves. */
bool check_operations(const kernel_table *table);
bool check_attention(const kernel_table *table);
#endif
