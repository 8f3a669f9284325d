// Sum of a value of each of eight invocations of a subgroup, in a fixed order; each is given the sum.
// Provides: total
// Needs: nothing
fn total(lane: u32, value: f32) -> f32 {
    let pair = value + subgroupShuffleXor(value, 4u);
    let four = pair + subgroupShuffleXor(pair, 2u);
    return four + subgroupShuffleXor(four, 1u);
}
