// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 256 owns 8 rows × 8 columns; 64 invocations share the sum of each 4 × 4 of them. The shares are added up in workgroup
// memory, four at a time by all invocations and then sixteen at a time by the owners of the sums.
// Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns    0    1
//   row  0            0    1     the invocation that owns the sum
//   row  1            2    3
//     …
//   row  7           14   15
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store two
// neighbouring sums, the two 8 further, and those of the next share, 16 further; so the later eight sums are kept with bit 1 of their
// numbers changed, and every second share with bit 2. Eight that add up load eight neighbouring sums of one share.
//
// Provides: main
// Needs: args, batch, params, multiply_add, signals, Rest, rest, finish

const ROWS = 8u;      // of a block
const COLUMNS4 = 2u;  // of a block, in vec4

var<workgroup> shares: array<vec4f, 1024>;  // [share 64, row 8, column 2]

// Where a share of a sum is kept.
fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u * 2u) ^ (share % 2u * 4u)); }

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = ROWS * workgroup.y;
    let k = COLUMNS4 * workgroup.x;
    let x = lane % 2u;
    let y = lane / 2u % 2u;
    let share = lane / 4u;
    let rows = args.dy + min(i + 4u * y + vec4u(0u, 1u, 2u, 3u), vec4u(batch.rows - 1u)) * n4;
    let column = args.w + min(k + x, k4 - 1u);
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    for (var j = share; j < n4; j += 64u) {
        let outputs = min(4u * j + vec4u(0u, 1u, 2u, 3u), vec4u(args.n - 1u)) * k4;
        let w = mat4x4f(params[column + outputs.x], params[column + outputs.y], params[column + outputs.z],
            params[column + outputs.w]);
        a0 = multiply_add(w, signals[rows.x + j], a0);
        a1 = multiply_add(w, signals[rows.y + j], a1);
        a2 = multiply_add(w, signals[rows.z + j], a2);
        a3 = multiply_add(w, signals[rows.w + j], a3);
    }
    let first = 8u * y + x;
    shares[kept_at(share, first)] = a0;
    shares[kept_at(share, first + 2u)] = a1;
    shares[kept_at(share, first + 4u)] = a2;
    shares[kept_at(share, first + 6u)] = a3;
    let row = i + lane / 2u;
    let to_k = k + lane % 2u;
    var own: Rest;
    if lane < 16u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }
    workgroupBarrier();
    // of the sum lane % 16, every sixteenth share from lane / 16 on
    let four = kept_at(lane / 16u, lane % 16u);
    shares[four] += shares[four + 256u] + shares[four + 512u] + shares[four + 768u];
    workgroupBarrier();

    if lane < 16u {
        var sum = vec4f();
        for (var s = 0u; s < 16u; s++) { sum += shares[kept_at(s, lane)]; }
        if row < batch.rows && to_k < k4 { finish(row, to_k, own, sum); }
    }
}
