// w[4 j … 4 j + 3, k]: a vec4 of each of four rows of w, the last row in place of those past the end.
fn weights(j: u32, k: u32) -> mat4x4f {
    let last = args.n - 1u;
    return mat4x4f(
        params[args.w + min(4u * j, last) * args.k4 + k],
        params[args.w + min(4u * j + 1u, last) * args.k4 + k],
        params[args.w + min(4u * j + 2u, last) * args.k4 + k],
        params[args.w + min(4u * j + 3u, last) * args.k4 + k],
    );
}
