// Adds normals of standard deviation `strength`.
fn corrupt(x: vec4f, words: vec4u) -> vec4f { return x + args.strength * box_muller(words); }
