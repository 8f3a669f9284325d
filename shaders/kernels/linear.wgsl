// y[i, j] = act(Σₖ x[i, k] w[j, k] + b[j])
// Provides: args, params, activations, finish, close
// Needs: activate, in_width

struct Args {
    x: u32,   // start of x in activations; unused where x is the batch of images
    w: u32,   // start of w in params; b follows
    y: u32,   // start of y in activations
    k4: u32,  // inputs, in vec4
    n: u32,   // outputs
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;  // w [n, k4], b [n4]
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;  // x [rows, k4], y [rows, n4]

fn finish(row: u32, j: u32, sum: vec4f) {
    let y = activate(sum + params[args.w + args.n * args.k4 + j]);
    activations[args.y + row * ((args.n + 3u) / 4u) + j] = select(vec4f(), y, in_width(j, args.n));
}

fn close(tile: u32) {}
