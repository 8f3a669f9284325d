// The left operand of a product is the batch of images.
fn source_row(row: u32) -> u32 { return image_row(row, args.k4); }
fn source(start: u32, k: u32) -> vec4f { return image(start, k); }
