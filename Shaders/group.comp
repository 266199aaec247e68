// Visits of rows to experts, sorted for matmul.comp: order lists visits by expert, those of one in ascending order, and tiles
// cuts each expert's part of it into runs of up to TILE. One workgroup; a thread takes every 256th expert.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

const uint THREADS = 256u, MOST_EXPERTS = 1024u, TILE = 64u;
layout(local_size_x = 256) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Numbers { uint at[]; };

layout(push_constant) uniform Push {
    Words experts;   // [visits], each below `count`
    Numbers order;   // [visits]
    Numbers tiles;   // [most_tiles] expert, first place in order, end of places; the last ones are empty
    uint visits, count, most_tiles;
} p;

/// Visits to each expert, then where they begin in order.
shared uint places[MOST_EXPERTS];

void write_tile(uint tile, uint expert, uint first, uint end) {
    p.tiles.at[3u * tile] = expert;
    p.tiles.at[3u * tile + 1u] = first;
    p.tiles.at[3u * tile + 2u] = end;
}

void cut_tiles() {
    uint tile = 0u, first = 0u;
    for (uint expert = 0u; expert < p.count; expert++) {
        const uint end = first + places[expert];
        places[expert] = first;
        for (; first < end; first = min(first + TILE, end)) write_tile(tile++, expert, first, min(first + TILE, end));
    }
    for (; tile < p.most_tiles; tile++) write_tile(tile, 0u, 0u, 0u);
}

void main() {
    const uint thread = gl_LocalInvocationID.x;
    for (uint expert = thread; expert < p.count; expert += THREADS) {
        places[expert] = 0u;
        for (uint visit = 0u; visit < p.visits; visit++)
            if (p.experts.at[visit] == expert) places[expert]++;
    }
    barrier();
    if (thread == 0u) cut_tiles();
    barrier();
    for (uint expert = thread; expert < p.count; expert += THREADS) {
        uint place = places[expert];
        for (uint visit = 0u; visit < p.visits; visit++)
            if (p.experts.at[visit] == expert) p.order.at[place++] = visit;
    }
}
