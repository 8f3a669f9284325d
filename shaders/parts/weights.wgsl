// Where rows 4 j … 4 j + 3 of w start, the last row in place of those past the end.
// Provides: weight_rows, weights
// Needs: args, params
fn weight_rows(j: u32) -> vec4u {
    return args.w + min(4u * j + vec4u(0u, 1u, 2u, 3u), vec4u(args.n - 1u)) * args.k4;
}

// Inputs 4 k … 4 k + 3 of four rows.
fn weights(rows: vec4u, k: u32) -> mat4x4f {
    return mat4x4f(params[rows.x + k], params[rows.y + k], params[rows.z + k], params[rows.w + k]);
}
