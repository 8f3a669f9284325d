// Blocks of 64 × 64: 8 × 8 invocations that own 8 × 8 each.
// Provides: ACROSS
// Needs: nothing
const ACROSS = 8u;
