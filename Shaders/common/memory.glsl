// Memory by device address, as 32-bit words, and the little pieces every dequantiser is made of.
// Rows of packed weights may begin at any byte, so a load of 32 bits joins two words where it must; allocations end in
// padding, so the second word may always be read. Conversions from binary16 are bit arithmetic: a driver may flush small
// values in its own conversions.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Words { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };

uint load_u32(Words w, uint byte) {
    const uint i = byte >> 2, shift = (byte & 3u) * 8u;
    return shift == 0u ? w.at[i] : w.at[i] >> shift | w.at[i + 1u] << (32u - shift);
}

uint load_u8(Words w, uint byte) { return w.at[byte >> 2] >> (byte & 3u) * 8u & 255u; }

uint load_u16(Words w, uint byte) { return load_u32(w, byte) & 0xffffu; }

float f16_to_f32(uint h) {
    const uint magnitude = h & 0x7fffu;
    float value = float(magnitude) * 5.9604644775390625e-8;   // subnormal: a multiple of 2^-24
    if (magnitude >= 0x0400u) value = uintBitsToFloat((magnitude << 13) + (112u << 23));
    if (magnitude >= 0x7c00u) value = uintBitsToFloat(magnitude << 13 | 0x7f800000u);
    return (h & 0x8000u) != 0u ? -value : value;
}

float load_f16(Words w, uint byte) { return f16_to_f32(load_u16(w, byte)); }

// 8 small integers are packed as signed bytes into two words.

/// Of each of the 8 bytes from `byte` on, the bits of `mask` (one byte, four times) after a shift to the right.
uvec2 unpack(Words w, uint byte, uint shift, uint mask) {
    return uvec2(load_u32(w, byte), load_u32(w, byte + 4u)) >> shift & mask;
}

/// The low 8 bits, one to the lowest bit of each byte. The factor puts bit i of four at bit 8 i.
uvec2 spread(uint bits) { return uvec2(bits & 15u, bits >> 4 & 15u) * 0x00204081u & 0x01010101u; }

/// Each byte, at most 127, less n: no byte borrows from the next while the highest bit is set.
uvec2 minus(uvec2 q, uint n) { return (q | 0x80808080u) - n * 0x01010101u ^ 0x80808080u; }

int byte_at(uvec2 q, uint j) { return bitfieldExtract(int(q[j >> 2]), int(j & 3u) * 8, 8); }

/// For each byte q below 16, entry q of a table of 16 signed bytes.
uvec2 lookup(uvec4 table, uvec2 q) {
    uvec2 values = uvec2(0u);
    for (uint j = 0u; j < 8u; j++) {
        const uint entry = q[j >> 2] >> (j & 3u) * 8u & 15u;
        values[j >> 2] |= (table[entry >> 2] >> (entry & 3u) * 8u & 255u) << (j & 3u) * 8u;
    }
    return values;
}
