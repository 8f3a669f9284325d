// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 8 owns 32 rows × 32 columns, each invocation four of the columns. Invocation r loads rows r, 8 + r, 16 + r and 24 + r
// of dy, and the others take them from its registers: eight loads of vec4 feed 128 products of four terms.
// It takes subgroups of at least 8 invocations.
// Rows and columns past the end are computed from the last one and dropped.
//
//     columns   0…3  4…7  8…11  …  28…31
//   rows 0…31    0    1     2   …    7      the invocation that owns them
//
// Provides: main
// Needs: args, batch, Tile, params, signals, finish, rest, part

const ROWS = 32u;     // of a block
const COLUMNS4 = 8u;  // of a block, in vec4

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    let n = args.n;
    let k4 = (args.k + 3u) / 4u;
    let n4 = (n + 3u) / 4u;
    let i = ROWS * workgroup.y;
    let k = COLUMNS4 * workgroup.x + lane;
    let column = args.w + min(k, k4 - 1u);
    let last = batch.rows - 1u;
    let r0 = args.dy + min(i + lane, last) * n4;
    let r1 = args.dy + min(i + lane + 8u, last) * n4;
    let r2 = args.dy + min(i + lane + 16u, last) * n4;
    let r3 = args.dy + min(i + lane + 24u, last) * n4;
    var tile = Tile();
    for (var j = 0u; j < n4; j++) {
        let w0 = 4u * j * k4;
        let w1 = min(4u * j + 1u, n - 1u) * k4;
        let w2 = min(4u * j + 2u, n - 1u) * k4;
        let w3 = min(4u * j + 3u, n - 1u) * k4;
        let w = mat4x4f(params[column + w0], params[column + w1], params[column + w2], params[column + w3]);
        let dy0 = signals[r0 + j];
        let dy1 = signals[r1 + j];
        let dy2 = signals[r2 + j];
        let dy3 = signals[r3 + j];
        tile.a0 += w * subgroupShuffle(dy0, 0u);
        tile.a1 += w * subgroupShuffle(dy0, 1u);
        tile.a2 += w * subgroupShuffle(dy0, 2u);
        tile.a3 += w * subgroupShuffle(dy0, 3u);
        tile.a4 += w * subgroupShuffle(dy0, 4u);
        tile.a5 += w * subgroupShuffle(dy0, 5u);
        tile.a6 += w * subgroupShuffle(dy0, 6u);
        tile.a7 += w * subgroupShuffle(dy0, 7u);
        tile.a8 += w * subgroupShuffle(dy1, 0u);
        tile.a9 += w * subgroupShuffle(dy1, 1u);
        tile.a10 += w * subgroupShuffle(dy1, 2u);
        tile.a11 += w * subgroupShuffle(dy1, 3u);
        tile.a12 += w * subgroupShuffle(dy1, 4u);
        tile.a13 += w * subgroupShuffle(dy1, 5u);
        tile.a14 += w * subgroupShuffle(dy1, 6u);
        tile.a15 += w * subgroupShuffle(dy1, 7u);
        tile.a16 += w * subgroupShuffle(dy2, 0u);
        tile.a17 += w * subgroupShuffle(dy2, 1u);
        tile.a18 += w * subgroupShuffle(dy2, 2u);
        tile.a19 += w * subgroupShuffle(dy2, 3u);
        tile.a20 += w * subgroupShuffle(dy2, 4u);
        tile.a21 += w * subgroupShuffle(dy2, 5u);
        tile.a22 += w * subgroupShuffle(dy2, 6u);
        tile.a23 += w * subgroupShuffle(dy2, 7u);
        tile.a24 += w * subgroupShuffle(dy3, 0u);
        tile.a25 += w * subgroupShuffle(dy3, 1u);
        tile.a26 += w * subgroupShuffle(dy3, 2u);
        tile.a27 += w * subgroupShuffle(dy3, 3u);
        tile.a28 += w * subgroupShuffle(dy3, 4u);
        tile.a29 += w * subgroupShuffle(dy3, 5u);
        tile.a30 += w * subgroupShuffle(dy3, 6u);
        tile.a31 += w * subgroupShuffle(dy3, 7u);
    }
    for (var q = 0u; q < 32u; q++) {
        let row = i + q;
        if row < batch.rows && k < k4 { finish(row, k, rest(row, k), part(tile, q)); }
    }
}
