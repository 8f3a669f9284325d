// Sum over a workgroup of a value of each of its first OWNERS invocations, a power of two, in a fixed order: the second half is added
// to the first, until one is left. Every invocation of the workgroup calls it, and each is given the sum.
// Provides: total
// Needs: OWNERS, keep, kept
fn total(lane: u32, value: f32) -> f32 {
    if lane < OWNERS { keep(lane, value); }
    workgroupBarrier();
    for (var half = OWNERS / 2u; half >= 1u; half /= 2u) {
        if lane < half { keep(lane, kept(lane) + kept(lane + half)); }
        workgroupBarrier();
    }
    return kept(0u);
}
