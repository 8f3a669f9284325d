// The decoder's last layer, the loss against the images t, and its gradient:
// l[i, j] = Σₖ x[i, k] w[j, k] + b[j]      partials[block] = Σ loss(l, t)      dl[i, j] = scale · ∂loss/∂l
// A block is what a workgroup owns; its losses are added up in a fixed order.
// Provides: args, params, activations, finish, close
// Needs: in_width, compare, image, image_row, batch, total

struct Args {
    x: u32,       // start of x in activations
    w: u32,       // start of w in params; b follows
    dl: u32,      // start of dl in signals
    k4: u32,      // inputs, in vec4
    n: u32,       // outputs: pixels per image
    stride: u32,  // loss partials per step: those of the blocks first, then one KL per row
    mean: u32,    // 1: the loss is averaged over all pixels of the batch; 0: it is summed
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;  // w [n, k4], b [n4]
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;  // x [rows, k4]
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;  // dl [rows, n4]
@group(1) @binding(8) var<storage, read_write> partials:    array<f32>;    // [slots, stride]

var<private> own_loss: f32;  // of the elements that the invocation finished

fn finish(row: u32, j: u32, sum: vec4f) {
    let n4 = (args.n + 3u) / 4u;
    let inside = in_width(j, args.n);
    let found = compare(sum + params[args.w + args.n * args.k4 + j], image(image_row(row, n4), j));
    own_loss += dot(select(vec4f(), found.loss, inside), vec4f(1.0));
    let scale = select(1.0, 1.0 / f32(batch.rows * args.n), args.mean == 1u);
    signals[args.dl + row * n4 + j] = select(vec4f(), scale * found.gradient, inside);
}

// Ends a block: every invocation of its workgroup calls it.
fn close(block: u32, lane: u32) {
    let sum = total(lane, own_loss);
    if lane == 0u { partials[batch.slot * args.stride + block] = sum; }
}
