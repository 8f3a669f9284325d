// Blocks of 64 × 64: 8 × 8 invocations that own 8 × 8 each.
// Provides: SIDE
// Needs: nothing
const SIDE = 8u;
