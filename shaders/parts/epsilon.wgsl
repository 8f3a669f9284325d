// ε of latents 4 q … 4 q + 3 of a row; 0 past the last.
// Provides: epsilon
// Needs: args, batch
@group(1) @binding(7) var<storage, read> noise: array<f32>;  // [slots, capacity, latent]
fn epsilon(row: u32, q: u32) -> vec4f {
    var found = vec4f();
    for (var i = 0u; i < 4u && 4u * q + i < args.latent; i++) {
        found[i] = noise[(batch.slot * args.capacity + row) * args.latent + 4u * q + i];
    }
    return found;
}
