// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 8 × 8 owns 64 rows × 64 columns and keeps 16 outputs of each in its memory. Invocation (x, y) owns rows y, y + 8, …
// and the vec4 columns x and x + 8: 16 loads of vec4 feed 64 products of four terms.
// Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns   0      1    …    7      8      9    …   15
//   row   0        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns them
//   row   1        (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//     …
//   row   8        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store four outputs
// of two rows of dy, 64 apart; so a row is kept at its number with the lowest three bits changed, by xor with 2 · output / 4. Eight that
// store or load w have eight columns.
//
// Provides: main
// Needs: args, batch, Tile, signals, params, multiply_add, finish, rest, part

const ROWS = 64u;      // of a block
const COLUMNS4 = 16u;  // of a block, in vec4

var<workgroup> dys: array<vec4f, 256>;  // [j 4, row 64]
var<workgroup> ws:  array<vec4f, 256>;  // [j 16, column 16]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = ROWS * workgroup.y;
    let k = COLUMNS4 * workgroup.x;
    let x = lane % 8u;
    let y = lane / 8u;
    let own = lane % 4u;
    let line = lane / 4u;
    let rows = args.dy + min(i + line + vec4u(0u, 16u, 32u, 48u), vec4u(batch.rows - 1u)) * n4;
    let column = args.w + min(k + lane % 16u, k4 - 1u);
    let to_dy = 64u * own + (line ^ (2u * own));
    var tile = Tile();
    for (var first = 0u; first < n4; first += 4u) {
        let j = min(first + own, n4 - 1u);
        let scale = select(0.0, 1.0, first + own < n4);
        dys[to_dy] = scale * signals[rows.x + j];
        dys[to_dy + 16u] = scale * signals[rows.y + j];
        dys[to_dy + 32u] = scale * signals[rows.z + j];
        dys[to_dy + 48u] = scale * signals[rows.w + j];
        let outputs = min(4u * first + lane / 16u + vec4u(0u, 4u, 8u, 12u), vec4u(args.n - 1u)) * k4;
        ws[lane] = params[column + outputs.x];
        ws[lane + 64u] = params[column + outputs.y];
        ws[lane + 128u] = params[column + outputs.z];
        ws[lane + 192u] = params[column + outputs.w];
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let at = 64u * q + x;
            let wa = mat4x4f(ws[at], ws[at + 16u], ws[at + 32u], ws[at + 48u]);
            let wb = mat4x4f(ws[at + 8u], ws[at + 24u], ws[at + 40u], ws[at + 56u]);
            let row = 64u * q + (y ^ (2u * q));
            let d0 = dys[row]; tile.a0 = multiply_add(wa, d0, tile.a0); tile.b0 = multiply_add(wb, d0, tile.b0);
            let d1 = dys[row + 8u]; tile.a1 = multiply_add(wa, d1, tile.a1); tile.b1 = multiply_add(wb, d1, tile.b1);
            let d2 = dys[row + 16u]; tile.a2 = multiply_add(wa, d2, tile.a2); tile.b2 = multiply_add(wb, d2, tile.b2);
            let d3 = dys[row + 24u]; tile.a3 = multiply_add(wa, d3, tile.a3); tile.b3 = multiply_add(wb, d3, tile.b3);
            let d4 = dys[row + 32u]; tile.a4 = multiply_add(wa, d4, tile.a4); tile.b4 = multiply_add(wb, d4, tile.b4);
            let d5 = dys[row + 40u]; tile.a5 = multiply_add(wa, d5, tile.a5); tile.b5 = multiply_add(wb, d5, tile.b5);
            let d6 = dys[row + 48u]; tile.a6 = multiply_add(wa, d6, tile.a6); tile.b6 = multiply_add(wb, d6, tile.b6);
            let d7 = dys[row + 56u]; tile.a7 = multiply_add(wa, d7, tile.a7); tile.b7 = multiply_add(wb, d7, tile.b7);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + y + 8u * (q % 8u);
        let column = k + x + 8u * (q / 8u);
        if row < batch.rows && column < k4 { finish(row, column, rest(row, column), part(tile, q)); }
    }
}
