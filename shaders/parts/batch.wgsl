// What changes from step to step: one record per step, bound with a dynamic offset.
// Provides: Batch, batch
// Needs: nothing
struct Batch {
    first: u32,       // position of the batch's first row in the order
    rows: u32,        // rows in this batch: fewer than the grid covers in an epoch's last batch
    slot: u32,        // number of the step within its submit
    entry: u32,       // number of the step within its epoch
    index: vec2u,     // number of the step within its run, low and high word: the noise counter
    step_size: f32,   // Adam: lr / (1 − β₁ᵗ)
    correction: f32,  // Adam: 1 / √(1 − β₂ᵗ)
    beta1: f32,       // Adam: decay of the first moment
    beta2: f32,       // Adam: decay of the second moment
    epsilon: f32,     // Adam: added to the root of the second moment
    decay: f32,       // AdamW: what a parameter is multiplied by before Adam's step, 1 − lr · weight decay
    kl_weight: f32,   // β: weight of the KL divergence
    row: u32,         // number of the first row within the batch: above 0 where processes share the batch
}
@group(0) @binding(0) var<uniform> batch: Batch;
