/// The demo trio and its held-out problems, embedded as bytes: a first fusion needs no file. README.md says what they are.
#ifndef DEMO_MODELS_H
#define DEMO_MODELS_H
#include <stddef.h>

/// A GGUF file in static memory, aligned for its tensors.
typedef struct demo_model {
    const char *name;
    const void *bytes;
    size_t byte_count;
} demo_model;

size_t demo_model_count(void);
/// The model at an index below demo_model_count; the order is that of the fusion.
const demo_model *demo_model_at(size_t index);

/// 300 problems no model was trained on, as JSON lines: question, answer, family.
const char *demo_problems(size_t *byte_count);
#endif
