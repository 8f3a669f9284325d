// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// One invocation owns a tile of 8 rows × 8 columns: 16 loads of vec4 feed 64 dot products, without workgroup memory.
// Rows and columns past the end are computed from the last one and dropped.
//
//     columns   0…7   8…15   …  56…63
//   rows 0…7   (0,0)  (1,0)  …  (7,0)    invocation (x, y) of the workgroup
//       8…15   (0,1)  (1,1)  …  (7,1)    owns the tile where it stands
//      16…23   (0,2)  (1,2)  …  (7,2)
//      24…31   (0,3)  (1,3)  …  (7,3)
//
// Provides: OWNERS, main
// Needs: weight_rows, batch, source_row, Tile, args, weights, source, multiply_add, finish, part, close

const TILE = 8u;     // rows and columns of a tile
const OWNERS = 32u;  // invocations that own a tile

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) workgroup: vec3u,
        @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
    let i = TILE * id.y;
    let j = TILE / 4u * id.x;
    let w_rows = weight_rows(j);
    let v_rows = weight_rows(j + 1u);
    let last = batch.rows - 1u;
    let r0 = source_row(min(i, last));
    let r1 = source_row(min(i + 1u, last));
    let r2 = source_row(min(i + 2u, last));
    let r3 = source_row(min(i + 3u, last));
    let r4 = source_row(min(i + 4u, last));
    let r5 = source_row(min(i + 5u, last));
    let r6 = source_row(min(i + 6u, last));
    let r7 = source_row(min(i + 7u, last));
    var tile = Tile();
    for (var k = 0u; k < args.k4; k++) {
        let wa = transpose(weights(w_rows, k));
        let wb = transpose(weights(v_rows, k));
        let x0 = source(r0, k); tile.a0 = multiply_add(wa, x0, tile.a0); tile.b0 = multiply_add(wb, x0, tile.b0);
        let x1 = source(r1, k); tile.a1 = multiply_add(wa, x1, tile.a1); tile.b1 = multiply_add(wb, x1, tile.b1);
        let x2 = source(r2, k); tile.a2 = multiply_add(wa, x2, tile.a2); tile.b2 = multiply_add(wb, x2, tile.b2);
        let x3 = source(r3, k); tile.a3 = multiply_add(wa, x3, tile.a3); tile.b3 = multiply_add(wb, x3, tile.b3);
        let x4 = source(r4, k); tile.a4 = multiply_add(wa, x4, tile.a4); tile.b4 = multiply_add(wb, x4, tile.b4);
        let x5 = source(r5, k); tile.a5 = multiply_add(wa, x5, tile.a5); tile.b5 = multiply_add(wb, x5, tile.b5);
        let x6 = source(r6, k); tile.a6 = multiply_add(wa, x6, tile.a6); tile.b6 = multiply_add(wb, x6, tile.b6);
        let x7 = source(r7, k); tile.a7 = multiply_add(wa, x7, tile.a7); tile.b7 = multiply_add(wb, x7, tile.b7);
    }
    for (var q = 0u; q < 16u; q++) {
        let row = i + q % 8u;
        let column = j + q / 8u;
        if row < batch.rows && 4u * column < args.n { finish(row, column, part(tile, q)); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
