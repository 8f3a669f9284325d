// Blanks every pixel with probability `strength`.
// Provides: corrupt
// Needs: unit, args
fn corrupt(x: vec4f, words: vec4u) -> vec4f { return select(vec4f(), x, unit(words) >= vec4f(args.strength)); }
