/// TQ1_0: y[256] = d * (trit - 1), five trits a byte.
/// Block: 48 bytes | 4 bytes | f16 d. A byte is the fraction 0.t0 t1 t2 t3 t4 in base 3, scaled to 256 and rounded up:
/// multiplying by 3^n modulo 256 moves trit n to the top. Trits n of bytes 0..31 are values 32 * n + byte, those of bytes
/// 32..47 values 160 + 16 * n + byte - 32, those of the last 4 bytes (four trits each) values 240 + 4 * n + byte.
#include "quant/rounding.h"
#include "quant/super_block.h"

typedef struct trit_run { int first_value, first_byte, bytes, trits; } trit_run;

static const trit_run runs[3] = {{0, 0, 32, 5}, {160, 32, 16, 5}, {240, 48, 4, 4}};

static void unpack(const void *block, unpacked_super_block *u) {
    static const uint8_t power_of_3[5] = {1, 3, 9, 27, 81};
    const block_tq1_0 *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 16; g++)
        u->scale[g] = 1;
    for (int r = 0; r < 3; r++)
        for (int n = 0; n < runs[r].trits; n++)
            for (int m = 0; m < runs[r].bytes; m++) {
                const int byte = runs[r].first_byte + m;
                const uint8_t packed = byte < 48 ? b->qs[byte] : b->qh[byte - 48];
                const uint8_t rest = (uint8_t)(packed * power_of_3[n]);
                u->q[runs[r].first_value + n * runs[r].bytes + m] = (int8_t)((rest * 3 >> 8) - 1);
            }
}

void quantize_tq1_0(const float *x, void *w, size_t blocks) {
    block_tq1_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        const float d = fabsf(extreme_value(x, super_block));
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        for (int r = 0; r < 3; r++)
            for (int m = 0; m < runs[r].bytes; m++) {
                int digits = 0;
                for (int n = 0; n < 5; n++) {
                    const int value = runs[r].first_value + n * runs[r].bytes + m;
                    digits *= 3;
                    if (n < runs[r].trits)
                        digits += truncated(roundf(x[value] * id), -1, 1) + 1;
                }
                const uint8_t packed = (uint8_t)((digits * 256 + 242) / 243);
                const int byte = runs[r].first_byte + m;
                *(byte < 48 ? &b[i].qs[byte] : &b[i].qh[byte - 48]) = packed;
            }
    }
}

const super_block_layout layout_tq1_0 = {sizeof(block_tq1_0), unpack};

void dequantize_tq1_0(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_tq1_0, w, y, blocks);
}

float dot_tq1_0(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_tq1_0, w, x, blocks);
}
