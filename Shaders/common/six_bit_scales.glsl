// Scale and min of group g of Q4_K and Q5_K, 6 bits each in 12 bytes. Bytes 0..3: scales 0..3, 4..7: mins 0..3 (low 6
// bits); 8..11: low nibbles scales 4..7, high nibbles mins 4..7, whose upper bits are the upper bits of bytes 0..7.
vec2 six_bit_scales(Words w, uint bytes, uint g) {
    if (g < 4u) return vec2(load_u8(w, bytes + g) & 63u, load_u8(w, bytes + 4u + g) & 63u);
    const uint low = load_u8(w, bytes + 4u + g);
    const uint scale = low & 15u | load_u8(w, bytes + g - 4u) >> 6 << 4;
    return vec2(scale, low >> 4 | load_u8(w, bytes + g) >> 6 << 4);
}
