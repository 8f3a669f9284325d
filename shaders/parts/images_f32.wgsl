// Images as floats in [0, 1], in the order of the epoch.
// Provides: image_row, image
// Needs: batch
@group(1) @binding(4) var<storage, read> images: array<vec4f>;  // [count, width4]
@group(1) @binding(5) var<storage, read> order:  array<u32>;    // [count]
fn image_row(row: u32, width4: u32) -> u32 { return order[batch.first + row] * width4; }
fn image(start: u32, j: u32) -> vec4f { return images[start + j]; }
