// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// One invocation owns a tile of 8 rows × 8 columns: 16 loads of vec4 feed 64 dot products, without workgroup memory.
// Rows and columns past the end are computed from the last one and dropped.

fn finish_row(row: u32, j: u32, left: vec4f, right: vec4f) {
    if row < batch.rows {
        if 4u * j < args.n { finish(row, j, left); }
        if 4u * j + 4u < args.n { finish(row, j + 1u, right); }
    }
}

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = 8u * id.y;
    let j = 2u * id.x;
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
    var a0 = vec4f(); var b0 = vec4f();
    var a1 = vec4f(); var b1 = vec4f();
    var a2 = vec4f(); var b2 = vec4f();
    var a3 = vec4f(); var b3 = vec4f();
    var a4 = vec4f(); var b4 = vec4f();
    var a5 = vec4f(); var b5 = vec4f();
    var a6 = vec4f(); var b6 = vec4f();
    var a7 = vec4f(); var b7 = vec4f();
    for (var k = 0u; k < args.k4; k++) {
        let wa = weights(w_rows, k);
        let wb = weights(v_rows, k);
        let x0 = source(r0, k); a0 += x0 * wa; b0 += x0 * wb;
        let x1 = source(r1, k); a1 += x1 * wa; b1 += x1 * wb;
        let x2 = source(r2, k); a2 += x2 * wa; b2 += x2 * wb;
        let x3 = source(r3, k); a3 += x3 * wa; b3 += x3 * wb;
        let x4 = source(r4, k); a4 += x4 * wa; b4 += x4 * wb;
        let x5 = source(r5, k); a5 += x5 * wa; b5 += x5 * wb;
        let x6 = source(r6, k); a6 += x6 * wa; b6 += x6 * wb;
        let x7 = source(r7, k); a7 += x7 * wa; b7 += x7 * wb;
    }
    finish_row(i, j, a0, b0);
    finish_row(i + 1u, j, a1, b1);
    finish_row(i + 2u, j, a2, b2);
    finish_row(i + 3u, j, a3, b3);
    finish_row(i + 4u, j, a4, b4);
    finish_row(i + 5u, j, a5, b5);
    finish_row(i + 6u, j, a6, b6);
    finish_row(i + 7u, j, a7, b7);
    close(id.y * 8u * groups.x + id.x);
}
