// A float of each owner, where the operands of sums lay: they may fill the workgroup's memory.
// Provides: keep, kept
// Needs: xs
fn keep(lane: u32, value: f32) { xs[lane].x = value; }
fn kept(lane: u32) -> f32 { return xs[lane].x; }
