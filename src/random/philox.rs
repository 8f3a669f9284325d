//! Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw,
//! "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Any number of any stream costs the same: no state.

/// What a run draws random numbers for; each use has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// ε of the training steps; the index is the step.
    Noise = 0,
    /// Round keys of an epoch's permutation; the index is the epoch.
    Order = 1,
    /// Initial parameters; the index is the tensor.
    Init = 7,
    /// ε of an evaluation; the index is the first row of the batch.
    Evaluation = 3,
    /// Draws for samples and pictures.
    Sample = 4,
    /// ε of an estimate of ln p(x); the index is the pass.
    Evidence = 9,
    /// Noise added to inputs for denoising; the index is the step.
    Corrupt = 5,
    /// The built-in glyphs; the index is the glyph.
    Glyph = 6,
    /// Images in black and white; the index is the epoch.
    Binarize = 8,
}

/// Index of the noise of an evaluation's first batch in [`Stream::Corrupt`], and of its images in [`Stream::Binarize`]; training counts
/// its steps and epochs from 0.
pub const EVALUATION: u64 = 1 << 63;

/// Ten rounds of Philox4x32: four random words for a counter and a key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut c0, mut c1, mut c2, mut c3], [mut k0, mut k1]) = (counter, key);
    for _ in 0..10 {
        let (p0, p1) = (0xD251_1F53_u64 * c0 as u64, 0xCD9E_8D57_u64 * c2 as u64);
        (c0, c1, c2, c3) = ((p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32);
        (k0, k1) = (k0.wrapping_add(0x9E37_79B9), k1.wrapping_add(0xBB67_AE85));
    }
    [c0, c1, c2, c3]
}

/// The four words of block `block` of entry `index` of a stream: counter (block, index low, index high, stream).
pub fn block(seed: u64, stream: Stream, index: u64, block: u32) -> [u32; 4] {
    let counter = [block, index as u32, (index >> 32) as u32, stream as u32];
    philox4x32(counter, [seed as u32, (seed >> 32) as u32])
}

/// A word's upper 23 bits as a number in (0, 1): (k + ½) · 2⁻²³, exact in float32 and never 0 or 1.
pub fn unit(word: u32) -> f64 {
    ((word >> 9) as f64 + 0.5) / (1 << 23) as f64
}
