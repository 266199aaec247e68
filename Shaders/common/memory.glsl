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

/// Of each of the 8 bytes from `byte` on, the bits of `mask` after a shift to the right.
void unpack(Words w, uint byte, uint shift, uint mask, out uint q[8]) {
    const uint low = load_u32(w, byte), high = load_u32(w, byte + 4u);
    for (uint j = 0u; j < 4u; j++) {
        q[j] = low >> (8u * j + shift) & mask;
        q[j + 4u] = high >> (8u * j + shift) & mask;
    }
}

/// Entry q of a table of 16 signed bytes.
float lookup(uvec4 table, uint q) { return float(bitfieldExtract(int(table[q >> 2]), int(q & 3u) * 8, 8)); }
