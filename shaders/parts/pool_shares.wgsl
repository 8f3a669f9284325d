// A float of each owner, where the shares of sums lay: they fill the workgroup's memory. An owner reads no share at another owner's
// place, so that it may store at its own as soon as it has read its shares.
// Provides: keep, kept
// Needs: shares
fn keep(lane: u32, value: f32) { shares[lane].x = value; }
fn kept(lane: u32) -> f32 { return shares[lane].x; }
