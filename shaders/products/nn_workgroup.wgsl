// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of ACROSS × ACROSS owns 8 · ACROSS rows and columns and keeps 16 outputs of each in its memory. Invocation (x, y) owns
// rows y, y + ACROSS, … and the vec4 columns x and x + ACROSS: 16 loads of vec4 feed 64 products of four terms.
// Rows and columns past the end are computed from the last one and dropped. With 8 invocations across:
//
//     vec4 columns   0      1    …    7      8      9    …   15
//   row   0        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns them
//   row   1        (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//     …
//   row   8        (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store four outputs
// of two rows of dy, 8 · ACROSS apart; so a row is kept at its number with the lowest three bits changed, by xor with 2 · output / 4. Eight
// that store or load w have eight columns.
//
// Provides: main
// Needs: ACROSS, args, batch, Tile, signals, params, multiply_add, finish, rest, part

const ROWS = 8u * ACROSS;        // of a block
const COLUMNS4 = 2u * ACROSS;    // of a block, in vec4
const OWNERS = ACROSS * ACROSS;  // invocations that own a part of it
const LINES = OWNERS / 4u;       // rows of which all invocations load an output in vec4 each
const LOADS = ROWS / LINES;      // of an invocation, for a round

var<workgroup> dys: array<vec4f, 4u * ROWS>;      // [j 4, row]
var<workgroup> ws:  array<vec4f, 16u * COLUMNS4>; // [j 16, column]

@compute @workgroup_size(OWNERS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = ROWS * workgroup.y;
    let k = COLUMNS4 * workgroup.x;
    let x = lane % ACROSS;
    let y = lane / ACROSS;
    let own = lane % 4u;
    let line = lane / 4u;
    let rows = args.dy + min(i + line + LINES * vec4u(0u, 1u, 2u, 3u), vec4u(batch.rows - 1u)) * n4;
    let column = args.w + min(k + lane % COLUMNS4, k4 - 1u);
    let to_dy = ROWS * own + (line ^ (2u * own));
    var tile = Tile();
    for (var first = 0u; first < n4; first += 4u) {
        let j = min(first + own, n4 - 1u);
        let scale = select(0.0, 1.0, first + own < n4);
        for (var s = 0u; s < LOADS; s++) {
            dys[to_dy + LINES * s] = scale * signals[rows[s] + j];
            let output = min(4u * first + (lane + OWNERS * s) / COLUMNS4, args.n - 1u);
            ws[lane + OWNERS * s] = params[column + output * k4];
        }
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let at = 4u * COLUMNS4 * q + x;
            let wa = mat4x4f(ws[at], ws[at + COLUMNS4], ws[at + 2u * COLUMNS4], ws[at + 3u * COLUMNS4]);
            let wb = mat4x4f(ws[at + ACROSS], ws[at + 3u * ACROSS], ws[at + 5u * ACROSS], ws[at + 7u * ACROSS]);
            let row = ROWS * q + (y ^ (2u * q));
            let d0 = dys[row]; tile.a0 = multiply_add(wa, d0, tile.a0); tile.b0 = multiply_add(wb, d0, tile.b0);
            let d1 = dys[row + ACROSS]; tile.a1 = multiply_add(wa, d1, tile.a1); tile.b1 = multiply_add(wb, d1, tile.b1);
            let d2 = dys[row + 2u * ACROSS]; tile.a2 = multiply_add(wa, d2, tile.a2); tile.b2 = multiply_add(wb, d2, tile.b2);
            let d3 = dys[row + 3u * ACROSS]; tile.a3 = multiply_add(wa, d3, tile.a3); tile.b3 = multiply_add(wb, d3, tile.b3);
            let d4 = dys[row + 4u * ACROSS]; tile.a4 = multiply_add(wa, d4, tile.a4); tile.b4 = multiply_add(wb, d4, tile.b4);
            let d5 = dys[row + 5u * ACROSS]; tile.a5 = multiply_add(wa, d5, tile.a5); tile.b5 = multiply_add(wb, d5, tile.b5);
            let d6 = dys[row + 6u * ACROSS]; tile.a6 = multiply_add(wa, d6, tile.a6); tile.b6 = multiply_add(wb, d6, tile.b6);
            let d7 = dys[row + 7u * ACROSS]; tile.a7 = multiply_add(wa, d7, tile.a7); tile.b7 = multiply_add(wb, d7, tile.b7);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + y + ACROSS * (q % 8u);
        let column = k + x + ACROSS * (q / 8u);
        if row < batch.rows && column < k4 { finish(row, column, rest(row, column), part(tile, q)); }
    }
}
