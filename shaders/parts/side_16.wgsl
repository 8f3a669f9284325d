// Blocks of 128 × 128: 16 × 16 invocations that own 8 × 8 each.
// Provides: ACROSS
// Needs: nothing
const ACROSS = 16u;
