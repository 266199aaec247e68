// Which build of this code runs: a digest of the bytes of the file, program or library, that it was loaded from.
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <string.h>
#include "cvulkan.h"

/// FNV-1a by words; a product alone carries nothing from high bits to low ones.
static uint64_t step(uint64_t state, uint64_t word) {
    state = (state ^ word) * 0x100000001b3;
    return state ^ state >> 32;
}

bool cvk_file_digest(const char *path, uint64_t *out) {
    FILE *file = fopen(path, "rbe");
    if (!file) return false;
    setvbuf(file, NULL, _IONBF, 0);
    uint64_t states[4] = {0xcbf29ce484222325, 1, 2, 3}, words[1 << 13];   // four, so that multiplications overlap
    size_t total = 0;
    for (size_t size; (size = fread(words, 1, sizeof words, file)) > 0; total += size) {
        memset((uint8_t *)words + size, 0, sizeof words - size);
        for (size_t at = 0; at < sizeof words / 8; at += 4)
            for (int i = 0; i < 4; i++) states[i] = step(states[i], words[at + i]);
    }
    const bool is_whole = !ferror(file) && total > 0;
    fclose(file);
    *out = total;
    for (int i = 0; i < 4; i++) *out = step(*out, states[i]);
    return is_whole;
}

typedef struct search {
    uintptr_t address;
    char path[4096];
} search;

/// Keeps the path of the loaded file whose segments hold the address; the program itself has no name. A relative path is none:
/// nobody says what it is relative to by now.
static int look(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    search *wanted = context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const uintptr_t first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type != PT_LOAD || wanted->address - first >= info->dlpi_phdr[i].p_memsz) continue;
        const char *name = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe";
        if (name[0] == '/' && strlen(name) < sizeof wanted->path) strcpy(wanted->path, name);
        return 1;
    }
    return 0;
}

bool cvk_build_digest(uint64_t *out) {
    search wanted = {.address = (uintptr_t)&cvk_build_digest};
    dl_iterate_phdr(look, &wanted);
    return wanted.path[0] != 0 && cvk_file_digest(wanted.path, out);
}
