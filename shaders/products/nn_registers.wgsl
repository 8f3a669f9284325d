// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// One invocation owns a tile of 8 rows × 8 columns. Rows and columns past the end are computed from the last one and dropped.
//
//     columns   0…7   8…15   …  56…63
//   rows 0…7   (0,0)  (1,0)  …  (7,0)    invocation (x, y) of the workgroup
//       8…15   (0,1)  (1,1)  …  (7,1)    owns the tile where it stands
//      16…23   (0,2)  (1,2)  …  (7,2)
//      24…31   (0,3)  (1,3)  …  (7,3)
//
// Provides: main
// Needs: args, batch, Tile, params, signals, multiply_add, finish, rest, part

const TILE = 8u;  // rows and columns of a tile

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = TILE * id.y;
    let k = TILE / 4u * id.x;
    let ka = args.w + min(k, k4 - 1u);
    let kb = args.w + min(k + 1u, k4 - 1u);
    let last = batch.rows - 1u;
    let r0 = args.dy + min(i, last) * n4;
    let r1 = args.dy + min(i + 1u, last) * n4;
    let r2 = args.dy + min(i + 2u, last) * n4;
    let r3 = args.dy + min(i + 3u, last) * n4;
    let r4 = args.dy + min(i + 4u, last) * n4;
    let r5 = args.dy + min(i + 5u, last) * n4;
    let r6 = args.dy + min(i + 6u, last) * n4;
    let r7 = args.dy + min(i + 7u, last) * n4;
    var tile = Tile();
    for (var j = 0u; j < n4; j++) {
        let w0 = 4u * j * k4;
        let w1 = min(4u * j + 1u, args.n - 1u) * k4;
        let w2 = min(4u * j + 2u, args.n - 1u) * k4;
        let w3 = min(4u * j + 3u, args.n - 1u) * k4;
        let wa = mat4x4f(params[ka + w0], params[ka + w1], params[ka + w2], params[ka + w3]);
        let wb = mat4x4f(params[kb + w0], params[kb + w1], params[kb + w2], params[kb + w3]);
        let d0 = signals[r0 + j]; tile.a0 = multiply_add(wa, d0, tile.a0); tile.b0 = multiply_add(wb, d0, tile.b0);
        let d1 = signals[r1 + j]; tile.a1 = multiply_add(wa, d1, tile.a1); tile.b1 = multiply_add(wb, d1, tile.b1);
        let d2 = signals[r2 + j]; tile.a2 = multiply_add(wa, d2, tile.a2); tile.b2 = multiply_add(wb, d2, tile.b2);
        let d3 = signals[r3 + j]; tile.a3 = multiply_add(wa, d3, tile.a3); tile.b3 = multiply_add(wb, d3, tile.b3);
        let d4 = signals[r4 + j]; tile.a4 = multiply_add(wa, d4, tile.a4); tile.b4 = multiply_add(wb, d4, tile.b4);
        let d5 = signals[r5 + j]; tile.a5 = multiply_add(wa, d5, tile.a5); tile.b5 = multiply_add(wb, d5, tile.b5);
        let d6 = signals[r6 + j]; tile.a6 = multiply_add(wa, d6, tile.a6); tile.b6 = multiply_add(wb, d6, tile.b6);
        let d7 = signals[r7 + j]; tile.a7 = multiply_add(wa, d7, tile.a7); tile.b7 = multiply_add(wb, d7, tile.b7);
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + q % 8u;
        let column = k + q / 8u;
        if row < batch.rows && column < k4 { finish(row, column, rest(row, column), part(tile, q)); }
    }
}
