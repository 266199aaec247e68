// y[r] = the sum of weights[r, i] * outputs[r, i] over the experts a row visited, and of the shared expert's output, which
// a gate may scale by sigmoid(gate[r]). A thread takes one value.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"
#include "common/math.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats outputs, weights, y;       // [rows, used, columns], [rows, used], [rows, columns]
    Floats shared_output, gate;       // [rows, columns], [rows]
    uint rows, used, columns, flags;  // flags 1: shared expert, 2: it has a gate
} p;

void main() {
    const uint row = gl_GlobalInvocationID.x / p.columns, column = gl_GlobalInvocationID.x % p.columns;
    if (row >= p.rows) return;
    float sum = 0.0;
    for (uint i = 0u; i < p.used; i++)
        sum += p.weights.at[row * p.used + i] * p.outputs.at[(row * p.used + i) * p.columns + column];
    if ((p.flags & 1u) != 0u) {
        const float weight = (p.flags & 2u) != 0u ? sigmoid(p.gate.at[row]) : 1.0;
        sum += weight * p.shared_output.at[row * p.columns + column];
    }
    p.y.at[row * p.columns + column] = sum;
}
