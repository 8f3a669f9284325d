//! Normal numbers from uniform ones, by Box and Muller, "A note on the generation of random normal deviates" (1958).

use super::philox::unit;
use std::f64::consts::TAU;

/// Four normals from four words: each pair (u, t) gives √(−2 ln u) · (cos 2πt, sin 2πt).
pub fn box_muller(words: [u32; 4]) -> [f64; 4] {
    let pair = |u: u32, t: u32| {
        let (radius, (sin, cos)) = ((-2.0 * unit(u).ln()).sqrt(), (TAU * unit(t)).sin_cos());
        [radius * cos, radius * sin]
    };
    let ([a, b], [c, d]) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}
