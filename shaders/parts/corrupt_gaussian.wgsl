// Adds normals of standard deviation `strength`.
// Provides: corrupt
// Needs: args, box_muller
fn corrupt(x: vec4f, words: vec4u) -> vec4f { return x + args.strength * box_muller(words); }
