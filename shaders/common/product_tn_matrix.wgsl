// The products of the update by cooperative matrices: dw[j, k] = Σᵢ dy[i, j] x[i, k].

var<private> number: u32;   // of the workgroup's layer
var<private> block: vec2u;  // of the workgroup: first input and first output, in vec4

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
        @builtin(local_invocation_index) lane: u32) {
    prepare();
    let group = workgroup.y * args.width + workgroup.x;
    number = layer_of(group);
    let layer = layers[number];
    let n4 = (layer.n + 3u) / 4u;
    let columns = (layer.k + SIDE - 1u) / SIDE;
    let nth = group - layer.group;
    block = vec2u(nth % columns, nth / columns) * (SIDE / 4u);
    multiply(batch.rows, lane, subgroup, subgroups);
    if block.x == 0u && lane < SIDE / 4u && block.y + lane < n4 { learn_bias(layer, block.y + lane); }
}

// Both as [term, line]; past the last term dy is zero.
fn stage(term: u32, v: u32) {
    let layer = layers[number];
    let n4 = (layer.n + 3u) / 4u;
    let k4 = (layer.k + 3u) / 4u;
    let i = term + v / (SIDE / 4u);
    let line = v % (SIDE / 4u);
    let row = min(i, batch.rows - 1u);
    let scale = select(0.0, args.loss_scale, i < batch.rows);
    keep_left(4u * v, scale * signals[layer.dy + row * n4 + min(block.y + line, n4 - 1u)]);
    keep_right(4u * v, input(layer, row, min(block.x + line, k4 - 1u), k4));
}
fn left(row: u32) -> MatrixA { return coopLoad<MatrixA>(&lefts[row], SIDE); }
fn right(column: u32) -> MatrixB { return coopLoadT<MatrixB>(&rights[column], SIDE); }

fn place(down: u32, across: u32, sum: vec4f) {
    learn_weights(layers[number], 4u * block.y + down, block.x + across, sum / args.loss_scale);
}
