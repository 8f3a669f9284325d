// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 256 owns 16 rows × 16 columns; 16 invocations share the sum of each 4 × 4 of them, and add up their shares in
// workgroup memory. Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns    0    1    2    3
//   row   0           0    1    2    3     the invocation that adds up the 16 shares and owns the sum
//   row   1           4    5    6    7
//     …
//   row  15          60   61   62   63
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store four sums of
// two rows, 16 apart; so every second four rows are kept with bit 2 of their sums' numbers changed. Eight that add up load eight
// neighbouring sums of one share.
//
// Provides: main
// Needs: args, batch, params, multiply_add, signals, Rest, rest, finish

const ROWS = 16u;     // of a block
const COLUMNS4 = 4u;  // of a block, in vec4

var<workgroup> shares: array<vec4f, 1024>;  // [share 16, row 16, column 4]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = ROWS * workgroup.y;
    let k = COLUMNS4 * workgroup.x;
    let x = lane % 4u;
    let y = lane / 4u % 4u;
    let share = lane / 16u;
    let rows = args.dy + min(i + 4u * y + vec4u(0u, 1u, 2u, 3u), vec4u(batch.rows - 1u)) * n4;
    let column = args.w + min(k + x, k4 - 1u);
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    for (var j = share; j < n4; j += 16u) {
        let outputs = min(4u * j + vec4u(0u, 1u, 2u, 3u), vec4u(args.n - 1u)) * k4;
        let w = mat4x4f(params[column + outputs.x], params[column + outputs.y], params[column + outputs.z],
            params[column + outputs.w]);
        a0 = multiply_add(w, signals[rows.x + j], a0);
        a1 = multiply_add(w, signals[rows.y + j], a1);
        a2 = multiply_add(w, signals[rows.z + j], a2);
        a3 = multiply_add(w, signals[rows.w + j], a3);
    }
    let at = 64u * share + 16u * y + x;
    let even = at + 4u * (y % 2u);
    let odd = at + 4u - 4u * (y % 2u);
    shares[even] = a0;
    shares[odd] = a1;
    shares[even + 8u] = a2;
    shares[odd + 8u] = a3;
    let row = i + lane / 4u;
    let to_k = k + lane % 4u;
    var own: Rest;
    if lane < 64u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }
    workgroupBarrier();

    if lane < 64u {
        var sum = vec4f();
        for (var s = 0u; s < 16u; s++) { sum += shares[64u * s + (lane ^ (lane / 16u % 2u * 4u))]; }
        if row < batch.rows && to_k < k4 { finish(row, to_k, own, sum); }
    }
}
