// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of ACROSS × ACROSS owns 8 · ACROSS rows and columns and keeps 16 inputs of each in its memory. Invocation (x, y) owns
// rows y, y + ACROSS, … and the vec4 columns x and x + ACROSS: 16 loads of vec4 feed 64 dot products.
// Rows and columns past the end are computed from the last one and dropped. With 8 invocations across:
//
//     vec4 columns   0      1    …    7      8      9    …   15
//   row   0        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns them
//   row   1        (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//     …
//   row   8        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store four inputs
// of two lines, 8 · ACROSS apart; so row and column / 4 are kept at their number with the lowest three bits changed by xor: by 2 · input
// for x, by 2 · input + column % 2 for w. Those that load together have one row or eight columns, which xor only reorders.
//
// Provides: OWNERS, xs, main
// Needs: ACROSS, batch, source_row, args, Tile, source, params, multiply_add, finish, part, close

const ROWS = 8u * ACROSS;        // of a block
const COLUMNS4 = 2u * ACROSS;    // of a block, in vec4
const OWNERS = ACROSS * ACROSS;  // invocations that own a part of it
const LINES = OWNERS / 4u;       // rows, and columns, of which all invocations load an input in vec4 each
const LOADS = ROWS / LINES;      // of an invocation, for a round

var<workgroup> xs: array<vec4f, 4u * ROWS>;      // [k 4, row]
var<workgroup> ws: array<vec4f, 16u * COLUMNS4>; // [k 4, column % 4, column / 4]

@compute @workgroup_size(OWNERS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let i = ROWS * workgroup.y;
    let j = COLUMNS4 * workgroup.x;
    let x = lane % ACROSS;
    let y = lane / ACROSS;
    let own = lane % 4u;
    let line = lane / 4u;
    let lines = line + LINES * vec4u(0u, 1u, 2u, 3u);
    let inside = min(i + lines, vec4u(batch.rows - 1u));
    let rows = vec4u(source_row(inside.x), source_row(inside.y), source_row(inside.z), source_row(inside.w));
    let columns = args.w + min(4u * j + lines, vec4u(args.n - 1u)) * args.k4;
    let to_x = ROWS * own + (line ^ (2u * own));
    let to_w = COLUMNS4 * (4u * own + line % 4u) + ((line / 4u) ^ (2u * own + line % 2u));
    var tile = Tile();
    for (var first = 0u; first < args.k4; first += 4u) {
        let k = min(first + own, args.k4 - 1u);
        let scale = select(0.0, 1.0, first + own < args.k4);
        for (var s = 0u; s < LOADS; s++) {
            xs[to_x + LINES * s] = scale * source(rows[s], k);
            ws[to_w ^ (LINES / 4u * s)] = params[columns[s] + k];
        }
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let even = 4u * COLUMNS4 * q + (x ^ (2u * q));
            let odd = 4u * COLUMNS4 * q + (x ^ (2u * q + 1u)) + COLUMNS4;
            let wa = transpose(mat4x4f(ws[even], ws[odd], ws[even + 2u * COLUMNS4], ws[odd + 2u * COLUMNS4]));
            let wb = transpose(mat4x4f(ws[even + ACROSS], ws[odd + ACROSS], ws[even + 5u * ACROSS], ws[odd + 5u * ACROSS]));
            let row = ROWS * q + (y ^ (2u * q));
            let x0 = xs[row]; tile.a0 = multiply_add(wa, x0, tile.a0); tile.b0 = multiply_add(wb, x0, tile.b0);
            let x1 = xs[row + ACROSS]; tile.a1 = multiply_add(wa, x1, tile.a1); tile.b1 = multiply_add(wb, x1, tile.b1);
            let x2 = xs[row + 2u * ACROSS]; tile.a2 = multiply_add(wa, x2, tile.a2); tile.b2 = multiply_add(wb, x2, tile.b2);
            let x3 = xs[row + 3u * ACROSS]; tile.a3 = multiply_add(wa, x3, tile.a3); tile.b3 = multiply_add(wb, x3, tile.b3);
            let x4 = xs[row + 4u * ACROSS]; tile.a4 = multiply_add(wa, x4, tile.a4); tile.b4 = multiply_add(wb, x4, tile.b4);
            let x5 = xs[row + 5u * ACROSS]; tile.a5 = multiply_add(wa, x5, tile.a5); tile.b5 = multiply_add(wb, x5, tile.b5);
            let x6 = xs[row + 6u * ACROSS]; tile.a6 = multiply_add(wa, x6, tile.a6); tile.b6 = multiply_add(wb, x6, tile.b6);
            let x7 = xs[row + 7u * ACROSS]; tile.a7 = multiply_add(wa, x7, tile.a7); tile.b7 = multiply_add(wb, x7, tile.b7);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + y + ACROSS * (q % 8u);
        let column = j + x + ACROSS * (q / 8u);
        if row < batch.rows && 4u * column < args.n { finish(row, column, part(tile, q)); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
