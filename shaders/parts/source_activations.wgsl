// The left operand of a product is an activation matrix.
// Provides: source_row, source
// Needs: args, activations
fn source_row(row: u32) -> u32 { return args.x + row * args.k4; }
fn source(start: u32, k: u32) -> vec4f { return activations[start + k]; }
