/// The compiled shaders of Shaders/variants.txt, embedded as bytes: building needs no shader compiler.
#ifndef SHADERS_H
#define SHADERS_H
#include <stddef.h>

/// One variant: its name, "<op>" or "<op>.<weight type>", and its SPIR-V, aligned to 4 bytes.
typedef struct shader {
    const char *name;
    const void *bytes;
    size_t byte_count;
} shader;

size_t shader_count(void);
/// The variant at an index below shader_count, in the order of variants.txt.
const shader *shader_at(size_t index);
#endif
