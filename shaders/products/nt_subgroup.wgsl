// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 8 owns 32 rows × 32 columns, each invocation four of the columns. Invocation r loads rows r, 8 + r, 16 + r and 24 + r
// of x, and the others take them from its registers: eight loads of vec4 feed 128 dot products.
// It takes subgroups of at least 8 invocations.
// Rows and columns past the end are computed from the last one and dropped.
//
//     columns   0…3  4…7  8…11  …  28…31
//   rows 0…31    0    1     2   …    7      the invocation that owns them
//
// Provides: main
// Needs: weight_rows, batch, source_row, Tile, args, weights, source, finish, part, close

const ROWS = 32u;     // of a block
const COLUMNS4 = 8u;  // of a block, in vec4

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
    let i = ROWS * workgroup.y;
    let j = COLUMNS4 * workgroup.x + lane;
    let w_rows = weight_rows(j);
    let last = batch.rows - 1u;
    let r0 = source_row(min(i + lane, last));
    let r1 = source_row(min(i + lane + 8u, last));
    let r2 = source_row(min(i + lane + 16u, last));
    let r3 = source_row(min(i + lane + 24u, last));
    var tile = Tile();
    for (var k = 0u; k < args.k4; k++) {
        let w = weights(w_rows, k);
        let x0 = source(r0, k);
        let x1 = source(r1, k);
        let x2 = source(r2, k);
        let x3 = source(r3, k);
        tile.a0 += subgroupShuffle(x0, 0u) * w;
        tile.a1 += subgroupShuffle(x0, 1u) * w;
        tile.a2 += subgroupShuffle(x0, 2u) * w;
        tile.a3 += subgroupShuffle(x0, 3u) * w;
        tile.a4 += subgroupShuffle(x0, 4u) * w;
        tile.a5 += subgroupShuffle(x0, 5u) * w;
        tile.a6 += subgroupShuffle(x0, 6u) * w;
        tile.a7 += subgroupShuffle(x0, 7u) * w;
        tile.a8 += subgroupShuffle(x1, 0u) * w;
        tile.a9 += subgroupShuffle(x1, 1u) * w;
        tile.a10 += subgroupShuffle(x1, 2u) * w;
        tile.a11 += subgroupShuffle(x1, 3u) * w;
        tile.a12 += subgroupShuffle(x1, 4u) * w;
        tile.a13 += subgroupShuffle(x1, 5u) * w;
        tile.a14 += subgroupShuffle(x1, 6u) * w;
        tile.a15 += subgroupShuffle(x1, 7u) * w;
        tile.a16 += subgroupShuffle(x2, 0u) * w;
        tile.a17 += subgroupShuffle(x2, 1u) * w;
        tile.a18 += subgroupShuffle(x2, 2u) * w;
        tile.a19 += subgroupShuffle(x2, 3u) * w;
        tile.a20 += subgroupShuffle(x2, 4u) * w;
        tile.a21 += subgroupShuffle(x2, 5u) * w;
        tile.a22 += subgroupShuffle(x2, 6u) * w;
        tile.a23 += subgroupShuffle(x2, 7u) * w;
        tile.a24 += subgroupShuffle(x3, 0u) * w;
        tile.a25 += subgroupShuffle(x3, 1u) * w;
        tile.a26 += subgroupShuffle(x3, 2u) * w;
        tile.a27 += subgroupShuffle(x3, 3u) * w;
        tile.a28 += subgroupShuffle(x3, 4u) * w;
        tile.a29 += subgroupShuffle(x3, 5u) * w;
        tile.a30 += subgroupShuffle(x3, 6u) * w;
        tile.a31 += subgroupShuffle(x3, 7u) * w;
    }
    for (var q = 0u; q < 32u; q++) {
        let row = i + q;
        if row < batch.rows && 4u * j < args.n { finish(row, j, part(tile, q)); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
