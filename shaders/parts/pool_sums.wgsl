// A float of each owner, where the matrices of sums lay: with the operands they fill the workgroup's memory.
// Provides: keep, kept
// Needs: sums
fn keep(lane: u32, value: f32) { sums[lane] = value; }
fn kept(lane: u32) -> f32 { return sums[lane]; }
