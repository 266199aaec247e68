// The files beside this one, embedded by #embed (C23; the compilers this project needs have it as an extension).
#include "demo_models.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const _Alignas(64) unsigned char demo_llama[] = {
#embed "demo-llama.gguf"
};
static const _Alignas(64) unsigned char demo_qwen3[] = {
#embed "demo-qwen3.gguf"
};
static const _Alignas(64) unsigned char demo_phi3[] = {
#embed "demo-phi3.gguf"
};
static const char problems[] = {
#embed "heldout.jsonl"
};

static const demo_model models[] = {
    {"demo-llama", demo_llama, sizeof demo_llama},
    {"demo-qwen3", demo_qwen3, sizeof demo_qwen3},
    {"demo-phi3", demo_phi3, sizeof demo_phi3},
};

size_t demo_model_count(void) { return sizeof models / sizeof models[0]; }

const demo_model *demo_model_at(size_t index) { return &models[index]; }

const char *demo_problems(size_t *byte_count) {
    *byte_count = sizeof problems;
    return problems;
}
