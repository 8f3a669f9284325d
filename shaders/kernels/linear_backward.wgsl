// dx[i, k] = (Σⱼ dy[i, j] w[j, k] + before) · act′(kept[i, k])
// dy is the gradient before y's activation, dx that before x's: act′ is the derivative of x's activation, from what the forward
// pass has kept of x: the output x itself, or the sums.
// `before` is the old dx where two layers read the same x, else 0.
// Provides: args, params, signals, Rest, rest, finish
// Needs: derivative, in_width

struct Args {
    kept: u32,        // start of what is kept of x in activations
    w: u32,           // start of w in params
    dy: u32,          // start of dy in signals
    dx: u32,          // start of dx in signals
    k: u32,           // inputs
    n: u32,           // outputs
    add: u32,         // 1: add to the old dx
    loss_scale: f32,  // mixed precision: what dy is multiplied by before it is rounded to f16
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;  // w [n, k4]
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;  // kept [rows, k4]
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;  // dy [rows, n4], dx [rows, k4]

// What finishes a sum, and is loaded ahead of it.
struct Rest { kept: vec4f, before: vec4f }
fn rest(row: u32, j: u32) -> Rest {
    let at = row * ((args.k + 3u) / 4u) + j;
    var before = vec4f();
    if args.add == 1u { before = signals[args.dx + at]; }
    return Rest(activations[args.kept + at], before);
}

fn finish(row: u32, j: u32, rest: Rest, sum: vec4f) {
    let at = row * ((args.k + 3u) / 4u) + j;
    signals[args.dx + at] = select(vec4f(), (sum + rest.before) * derivative(rest.kept), in_width(j, args.k));
}
