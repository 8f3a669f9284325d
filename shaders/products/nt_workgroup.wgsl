// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 8 × 8 owns 64 rows × 64 columns and keeps 16 inputs of each in its memory. Invocation (x, y) owns rows y, y + 8, …
// and the vec4 columns x and x + 8: 16 loads of vec4 feed 64 dot products.
// Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns   0      1    …    7      8      9    …   15
//   row   0        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns them
//   row   1        (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//     …
//   row   8        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store four inputs
// of two lines, 64 apart; so row and column / 4 are kept at their number with the lowest three bits changed by xor: by 2 · input for x,
// by 2 · input + column % 2 for w. Those that load together have one row or eight columns, which xor only reorders.
//
// Provides: OWNERS, main
// Needs: batch, source_row, args, Tile, source, params, multiply_add, finish, part, close

const ROWS = 64u;      // of a block
const COLUMNS4 = 16u;  // of a block, in vec4
const OWNERS = 64u;    // invocations that own a part of it

var<workgroup> xs: array<vec4f, 256>;  // [k 4, row 64]
var<workgroup> ws: array<vec4f, 256>;  // [k 4, column % 4, column / 4]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let i = ROWS * workgroup.y;
    let j = COLUMNS4 * workgroup.x;
    let x = lane % 8u;
    let y = lane / 8u;
    let own = lane % 4u;
    let line = lane / 4u;
    let last = batch.rows - 1u;
    let r0 = source_row(min(i + line, last));
    let r1 = source_row(min(i + line + 16u, last));
    let r2 = source_row(min(i + line + 32u, last));
    let r3 = source_row(min(i + line + 48u, last));
    let columns = args.w + min(4u * j + line + vec4u(0u, 16u, 32u, 48u), vec4u(args.n - 1u)) * args.k4;
    let to_x = 64u * own + (line ^ (2u * own));
    let to_w = 64u * own + 16u * (line % 4u);
    let w_even = to_w + ((line / 4u) ^ (2u * own + line % 2u));
    let w_odd = to_w + ((line / 4u + 4u) ^ (2u * own + line % 2u));
    var tile = Tile();
    for (var first = 0u; first < args.k4; first += 4u) {
        let k = min(first + own, args.k4 - 1u);
        let scale = select(0.0, 1.0, first + own < args.k4);
        xs[to_x] = scale * source(r0, k);
        xs[to_x + 16u] = scale * source(r1, k);
        xs[to_x + 32u] = scale * source(r2, k);
        xs[to_x + 48u] = scale * source(r3, k);
        ws[w_even] = params[columns.x + k];
        ws[w_odd] = params[columns.y + k];
        ws[w_even + 8u] = params[columns.z + k];
        ws[w_odd + 8u] = params[columns.w + k];
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let even = 64u * q + (x ^ (2u * q));
            let odd = 64u * q + (x ^ (2u * q + 1u));
            let wa = transpose(mat4x4f(ws[even], ws[odd + 16u], ws[even + 32u], ws[odd + 48u]));
            let wb = transpose(mat4x4f(ws[even + 8u], ws[odd + 24u], ws[even + 40u], ws[odd + 56u]));
            let row = 64u * q + (y ^ (2u * q));
            let x0 = xs[row]; tile.a0 = multiply_add(wa, x0, tile.a0); tile.b0 = multiply_add(wb, x0, tile.b0);
            let x1 = xs[row + 8u]; tile.a1 = multiply_add(wa, x1, tile.a1); tile.b1 = multiply_add(wb, x1, tile.b1);
            let x2 = xs[row + 16u]; tile.a2 = multiply_add(wa, x2, tile.a2); tile.b2 = multiply_add(wb, x2, tile.b2);
            let x3 = xs[row + 24u]; tile.a3 = multiply_add(wa, x3, tile.a3); tile.b3 = multiply_add(wb, x3, tile.b3);
            let x4 = xs[row + 32u]; tile.a4 = multiply_add(wa, x4, tile.a4); tile.b4 = multiply_add(wb, x4, tile.b4);
            let x5 = xs[row + 40u]; tile.a5 = multiply_add(wa, x5, tile.a5); tile.b5 = multiply_add(wb, x5, tile.b5);
            let x6 = xs[row + 48u]; tile.a6 = multiply_add(wa, x6, tile.a6); tile.b6 = multiply_add(wb, x6, tile.b6);
            let x7 = xs[row + 56u]; tile.a7 = multiply_add(wa, x7, tile.a7); tile.b7 = multiply_add(wb, x7, tile.b7);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + y + 8u * (q % 8u);
        let column = j + x + 8u * (q / 8u);
        if row < batch.rows && 4u * column < args.n { finish(row, column, part(tile, q)); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
