// The left operand of a product is the batch of images.
// Provides: source_row, source
// Needs: image_row, args, image
fn source_row(row: u32) -> u32 { return image_row(row, args.k4); }
fn source(start: u32, k: u32) -> vec4f { return image(start, k); }
