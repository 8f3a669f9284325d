// y[i, j] = act(Σₖ x[i, k] w[j, k] + b[j])
// Provides: args, params, activations, finish, close
// Needs: KEEPS_SUMS, in_width, activate

struct Args {
    x: u32,     // start of x in activations; unused where x is the batch of images
    w: u32,     // start of w in params; b follows
    y: u32,     // start of y in activations
    kept: u32,  // start of the sums in activations, where the activation keeps them
    k4: u32,    // inputs, in vec4
    n: u32,     // outputs
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;  // w [n, k4], b [n4]
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;  // x [rows, k4], y [rows, n4]

fn finish(row: u32, j: u32, sum: vec4f) {
    let at = row * ((args.n + 3u) / 4u) + j;
    let a = sum + params[args.w + args.n * args.k4 + j];
    if KEEPS_SUMS { activations[args.kept + at] = select(vec4f(), a, in_width(j, args.n)); }
    activations[args.y + at] = select(vec4f(), activate(a), in_width(j, args.n));
}

fn close(block: u32, lane: u32) {}
