// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 8 × 8 owns 64 rows × 64 columns and keeps 16 inputs of each in its memory. Invocation (x, y) owns rows y, y + 8, …
// and the vec4 columns x and x + 8: 16 loads of vec4 feed 64 dot products.
// Rows and columns past the end are computed from the last one and dropped.

var<workgroup> xs: array<vec4f, 256>;  // [k 4, row 64]
var<workgroup> ws: array<vec4f, 256>;  // [k 4, column % 4, column / 4]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let i = 64u * workgroup.y;
    let j = 16u * workgroup.x;
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
    let to_x = 64u * own + line;
    let to_w = 64u * own + 16u * (line % 4u) + line / 4u;
    var a0 = vec4f(); var b0 = vec4f();
    var a1 = vec4f(); var b1 = vec4f();
    var a2 = vec4f(); var b2 = vec4f();
    var a3 = vec4f(); var b3 = vec4f();
    var a4 = vec4f(); var b4 = vec4f();
    var a5 = vec4f(); var b5 = vec4f();
    var a6 = vec4f(); var b6 = vec4f();
    var a7 = vec4f(); var b7 = vec4f();
    for (var first = 0u; first < args.k4; first += 4u) {
        let k = min(first + own, args.k4 - 1u);
        let scale = select(0.0, 1.0, first + own < args.k4);
        xs[to_x] = scale * source(r0, k);
        xs[to_x + 16u] = scale * source(r1, k);
        xs[to_x + 32u] = scale * source(r2, k);
        xs[to_x + 48u] = scale * source(r3, k);
        ws[to_w] = params[columns.x + k];
        ws[to_w + 4u] = params[columns.y + k];
        ws[to_w + 8u] = params[columns.z + k];
        ws[to_w + 12u] = params[columns.w + k];
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
            let at = 64u * q + x;
            let wa = mat4x4f(ws[at], ws[at + 16u], ws[at + 32u], ws[at + 48u]);
            let wb = mat4x4f(ws[at + 8u], ws[at + 24u], ws[at + 40u], ws[at + 56u]);
            let row = 64u * q + y;
            let x0 = xs[row]; a0 += x0 * wa; b0 += x0 * wb;
            let x1 = xs[row + 8u]; a1 += x1 * wa; b1 += x1 * wb;
            let x2 = xs[row + 16u]; a2 += x2 * wa; b2 += x2 * wb;
            let x3 = xs[row + 24u]; a3 += x3 * wa; b3 += x3 * wb;
            let x4 = xs[row + 32u]; a4 += x4 * wa; b4 += x4 * wb;
            let x5 = xs[row + 40u]; a5 += x5 * wa; b5 += x5 * wb;
            let x6 = xs[row + 48u]; a6 += x6 * wa; b6 += x6 * wb;
            let x7 = xs[row + 56u]; a7 += x7 * wa; b7 += x7 * wb;
        }
        workgroupBarrier();
    }
    finish_row(i + y, j + x, a0, b0);
    finish_row(i + y + 8u, j + x, a1, b1);
    finish_row(i + y + 16u, j + x, a2, b2);
    finish_row(i + y + 24u, j + x, a3, b3);
    finish_row(i + y + 32u, j + x, a4, b4);
    finish_row(i + y + 40u, j + x, a5, b5);
    finish_row(i + y + 48u, j + x, a6, b6);
    finish_row(i + y + 56u, j + x, a7, b7);
    close((8u * workgroup.y + y) * 8u * groups.x + 8u * workgroup.x + x);
}

fn finish_row(row: u32, j: u32, left: vec4f, right: vec4f) {
    if row < batch.rows {
        if 4u * j < args.n { finish(row, j, left); }
        if 4u * j + 32u < args.n { finish(row, j + 8u, right); }
    }
}
