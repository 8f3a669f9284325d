// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// One invocation owns a tile of 8 rows × 8 columns. Rows and columns past the end are computed from the last one and dropped.

@compute @workgroup_size(8, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = 8u * id.y;
    let k = 2u * id.x;
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
    var a0 = vec4f(); var b0 = vec4f();
    var a1 = vec4f(); var b1 = vec4f();
    var a2 = vec4f(); var b2 = vec4f();
    var a3 = vec4f(); var b3 = vec4f();
    var a4 = vec4f(); var b4 = vec4f();
    var a5 = vec4f(); var b5 = vec4f();
    var a6 = vec4f(); var b6 = vec4f();
    var a7 = vec4f(); var b7 = vec4f();
    for (var j = 0u; j < n4; j++) {
        let w0 = 4u * j * k4;
        let w1 = min(4u * j + 1u, args.n - 1u) * k4;
        let w2 = min(4u * j + 2u, args.n - 1u) * k4;
        let w3 = min(4u * j + 3u, args.n - 1u) * k4;
        let wa = mat4x4f(params[ka + w0], params[ka + w1], params[ka + w2], params[ka + w3]);
        let wb = mat4x4f(params[kb + w0], params[kb + w1], params[kb + w2], params[kb + w3]);
        let d0 = signals[r0 + j]; a0 += wa * d0; b0 += wb * d0;
        let d1 = signals[r1 + j]; a1 += wa * d1; b1 += wb * d1;
        let d2 = signals[r2 + j]; a2 += wa * d2; b2 += wb * d2;
        let d3 = signals[r3 + j]; a3 += wa * d3; b3 += wb * d3;
        let d4 = signals[r4 + j]; a4 += wa * d4; b4 += wb * d4;
        let d5 = signals[r5 + j]; a5 += wa * d5; b5 += wb * d5;
        let d6 = signals[r6 + j]; a6 += wa * d6; b6 += wb * d6;
        let d7 = signals[r7 + j]; a7 += wa * d7; b7 += wb * d7;
    }
    finish_row(i, k, k4, a0, b0);
    finish_row(i + 1u, k, k4, a1, b1);
    finish_row(i + 2u, k, k4, a2, b2);
    finish_row(i + 3u, k, k4, a3, b3);
    finish_row(i + 4u, k, k4, a4, b4);
    finish_row(i + 5u, k, k4, a5, b5);
    finish_row(i + 6u, k, k4, a6, b6);
    finish_row(i + 7u, k, k4, a7, b7);
}

fn finish_row(row: u32, k: u32, k4: u32, left: vec4f, right: vec4f) {
    if row < batch.rows {
        if k < k4 { finish(row, k, left); }
        if k + 1u < k4 { finish(row, k + 1u, right); }
    }
}
