// The images are an activation matrix.
// Provides: image_row, image
// Needs: args, activations
fn image_row(row: u32, width4: u32) -> u32 { return args.images + row * width4; }
fn image(start: u32, j: u32) -> vec4f { return activations[start + j]; }
