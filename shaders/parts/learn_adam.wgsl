// Adam (Kingma and Ba 2015), as PyTorch has it: bias-corrected, ε outside the root; the weights decay apart from it (AdamW).
// Provides: prepare, learn
// Needs: Batch, batch
@group(1) @binding(1)  var<storage, read_write> params:        array<vec4f>;
@group(1) @binding(10) var<storage, read_write> first_moment:  array<vec4f>;
@group(1) @binding(11) var<storage, read_write> second_moment: array<vec4f>;

var<private> rule: Batch;
fn prepare() { rule = batch; } // read once: a software driver gathers uniforms for every use

fn learn(at: u32, gradient: vec4f) {
    // not mix(), which drivers compute as x + (y − x) a: with a near 1 that loses the digits of a small result
    let m = rule.beta1 * first_moment[at] + (1.0 - rule.beta1) * gradient;
    let v = rule.beta2 * second_moment[at] + (1.0 - rule.beta2) * gradient * gradient;
    first_moment[at] = m;
    second_moment[at] = v;
    params[at] = params[at] * rule.decay - rule.step_size * m / (sqrt(v) * rule.correction + rule.epsilon);
}
