// Adam (Kingma and Ba 2015), as PyTorch has it: bias-corrected, ε outside the root; the weights decay apart from it (AdamW).
// Provides: prepare, Old, old_at, learn
// Needs: Batch, batch
@group(1) @binding(1)  var<storage, read_write> params:        array<vec4f>;
@group(1) @binding(10) var<storage, read_write> first_moment:  array<vec4f>;
@group(1) @binding(11) var<storage, read_write> second_moment: array<vec4f>;

var<private> rule: Batch;
fn prepare() { rule = batch; } // read once: a software driver gathers uniforms for every use

// What a step starts from: loaded ahead of the sum whose gradient it goes with.
struct Old { param: vec4f, m: vec4f, v: vec4f }
fn old_at(at: u32) -> Old { return Old(params[at], first_moment[at], second_moment[at]); }

fn learn(at: u32, old: Old, gradient: vec4f) {
    // not mix(), which drivers compute as x + (y − x) a: with a near 1 that loses the digits of a small result
    let m = rule.beta1 * old.m + (1.0 - rule.beta1) * gradient;
    let v = rule.beta2 * old.v + (1.0 - rule.beta2) * gradient * gradient;
    first_moment[at] = m;
    second_moment[at] = v;
    params[at] = old.param * rule.decay - rule.step_size * m / (sqrt(v) * rule.correction + rule.epsilon);
}
