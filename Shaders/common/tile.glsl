// A tile of 64 rows of W and up to 64 rows of x (columns of the result), as matmul.comp and coopmul.comp take it: what the
// push constants say, and where a column's row of x and of y lies. Macros: EXPERTS (columns are visits), INTEGER_DOT and
// HALVES (x rounded by quantize.comp or halve.comp).
const uint TILE = 64u, DEPTH = 32u;
layout(local_size_x = 256) in;

#ifdef EXPERTS
layout(push_constant) uniform Push {
    Words table;     // as in experts.comp
    Words tiles;     // per tile: expert, first column, end of columns
    Words order;     // [columns] visits, sorted by expert
    Floats x, y;     // [visits / x_divisor, k], [visits, rows]
    uint w_row_bytes, k, rows, x_divisor;
#else
layout(push_constant) uniform Push {
    Words w;         // [rows, k], `w_byte` bytes after this address
    Floats x, y;     // [columns, k], [columns, y_stride]
    Floats bias;     // [rows] if has_bias
    uint w_byte, w_row_bytes, k, rows, columns, y_stride, has_bias;
#endif
#ifdef INTEGER_DOT
    Words x_q;       // [rows of x, k / 4]
    Floats x_scales; // [rows of x, k / 32]
#endif
#ifdef HALVES
    Words x_h;       // [rows of x, x_stride / 2] pairs of halves, zeros from k on
    Floats x_scales; // [rows of x] what halves are to be multiplied with
    uint x_stride;   // a multiple of DEPTH
#endif
} p;

/// The tile's part of the push constants.
Words w;
Floats bias;
uint w_byte, first_column, end_column;
bool has_bias;

#ifdef EXPERTS
/// False where the tile is empty, or its expert's weights have another type.
bool find_tile() {
    const uint tile = 3u * gl_WorkGroupID.y, entry = 5u * p.tiles.at[tile];
    first_column = p.tiles.at[tile + 1u];
    end_column = p.tiles.at[tile + 2u];
    const uvec2 address = uvec2(p.table.at[entry], p.table.at[entry + 1u]);
    const uvec2 bias_address = uvec2(p.table.at[entry + 3u], p.table.at[entry + 4u]);
    w = Words(address);
    w_byte = p.table.at[entry + 2u];
    bias = Floats(bias_address);
    has_bias = bias_address != uvec2(0u);
    return first_column < end_column && address != uvec2(0u);
}

uint x_row(uint column) { return p.order.at[column] / p.x_divisor; }
uint y_row(uint column) { return p.order.at[column] * p.rows; }
#else
bool find_tile() {
    first_column = gl_WorkGroupID.y * TILE;
    end_column = min(first_column + TILE, p.columns);
    w = p.w;
    w_byte = p.w_byte;
    bias = p.bias;
    has_bias = p.has_bias != 0u;
    return true;
}

uint x_row(uint column) { return column; }
uint y_row(uint column) { return column * p.y_stride; }
#endif
