// A float of each owner in workgroup memory.
// Provides: keep, kept
// Needs: OWNERS
var<workgroup> pool: array<f32, OWNERS>;
fn keep(lane: u32, value: f32) { pool[lane] = value; }
fn kept(lane: u32) -> f32 { return pool[lane]; }
