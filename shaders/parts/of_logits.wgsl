// The decoder gives logits.
// Provides: measure
// Needs: compare
struct Measured { loss: vec4f, output: vec4f, log_var: vec4f }
fn measure(row: u32, j: u32, output: vec4f, t: vec4f) -> Measured {
    let found = compare(output, t);
    return Measured(found.loss, found.gradient, vec4f());
}
