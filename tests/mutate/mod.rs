//! Damage to files: flipped bits, cuts, splices, huge numbers, and what makes the result look whole again; how long readers are
//! tried, and how much memory they may take.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use peak_alloc::PeakAlloc;
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that a reader may hold at a time beside ten times its file: buffers, and files that are not the damaged one.
const BUFFERS: usize = 2 << 20;

/// `few` rounds, or as many as fit into `WGVAE_MINUTES` where that is set.
pub fn rounds(few: usize) -> impl Iterator<Item = usize> {
    let minutes =
        std::env::var("WGVAE_MINUTES").ok().map(|minutes| minutes.parse().expect("WGVAE_MINUTES is a number"));
    let time = minutes.map(|minutes: f64| Duration::from_secs_f64(60.0 * minutes));
    let begun = Instant::now();
    (0..).take_while(move |&round| time.map_or(round < few, |time| begun.elapsed() < time))
}

/// What `read` returns, or how much memory it took where that is too much for a file of `size` bytes.
pub fn in_bounds<T>(size: usize, read: impl FnOnce() -> T) -> Result<T, String> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let value = read();
    let taken = MEMORY.peak_usage().saturating_sub(before);
    match taken <= 10 * size + BUFFERS {
        true => Ok(value),
        false => Err(format!("{taken} bytes of memory for a file of {size}")),
    }
}

/// What a mutant is given back after the damage, half the time: the lengths and checksums that would give it away.
#[derive(Clone, Copy, PartialEq)]
pub enum Packing {
    None,
    /// Damage is done to the unpacked bytes.
    Gzip,
    /// The length of the header.
    Npy,
    /// The checksum of each chunk.
    Png,
    /// The length of the header.
    Safetensors,
}

/// Numbers that readers trip over, as text.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "4294967295",
    "4294967296",
    "1000000000000",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999",
    "1e308",
    "1e-320",
    "NaN",
];

/// The same as words.
const WORDS: [u64; 10] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 40, i64::MAX as u64, u64::MAX];

/// Mutants of files, from a seed: SplitMix64.
pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Below `end`, which may be 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// A place in a file of `length` bytes: half the time within its first 256.
    fn place(&mut self, length: usize) -> usize {
        let end = if self.below(2) == 0 { length.min(256) } else { length };
        self.below(end)
    }

    /// `whole` with one to four kinds of damage, half the time with one.
    pub fn mutant(&mut self, whole: &[u8], packing: Packing) -> Vec<u8> {
        let pack = packing != Packing::None && self.below(2) == 0;
        let mut bytes = if pack && packing == Packing::Gzip { gunzip(whole) } else { whole.to_vec() };
        for _ in 0..[1, 1, 1, 2, 3, 4][self.below(6)] {
            self.damage(&mut bytes);
        }
        match packing {
            _ if !pack => bytes,
            Packing::None => bytes,
            Packing::Gzip => gzip(&bytes),
            Packing::Npy => with_npy_length(bytes),
            Packing::Png => with_png_checksums(bytes),
            Packing::Safetensors => with_safetensors_length(bytes),
        }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let at = self.place(length);
        let end = (at + 1 + self.below(64)).min(length);
        match self.below(9) {
            0 if length > 0 => bytes[at] ^= 1 << self.below(8),
            1 if length > 0 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'-', b'[', b'"', b'\n'][self.below(9)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at.min(end)..end)),
            4 => {
                let copied = bytes[at.min(end)..end].to_vec();
                let to = self.place(length);
                bytes.splice(to..to, copied);
            }
            5 => {
                let random: Vec<u8> = (0..1 + self.below(16)).map(|_| self.next() as u8).collect();
                bytes.splice(at..at, random);
            }
            6 | 7 => {
                let word = WORDS[self.below(WORDS.len())];
                let word = if self.below(2) == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
                let word = match self.below(3) {
                    0 => &word[..],
                    1 => &word[..4],
                    _ => &word[4..],
                };
                for (byte, new) in bytes[at.min(length)..].iter_mut().zip(word) {
                    *byte = *new;
                }
            }
            _ => self.replace_number(bytes, at),
        }
    }

    /// Replaces the first number in digits at or after `at`.
    fn replace_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let digit = |byte: &u8| byte.is_ascii_digit();
        let Some(start) = bytes.iter().skip(at).position(digit).map(|start| at + start) else { return };
        let count = bytes[start..].iter().take_while(|byte| digit(byte)).count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        bytes.splice(start..start + count, number.bytes());
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// The header of version 1 ends at its first line break.
fn with_npy_length(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().skip(10).position(|&byte| byte == b'\n') {
        bytes[8..10].copy_from_slice(&(end as u16 + 1).to_le_bytes());
    }
    bytes
}

/// The header ends with the bracket that closes its first.
fn with_safetensors_length(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut depth = 0_i64;
    let end = bytes.iter().skip(8).position(|byte| {
        depth += match byte {
            b'{' => 1,
            b'}' => -1,
            _ => 0,
        };
        depth == 0
    });
    if let Some(end) = end {
        bytes[..8].copy_from_slice(&(end as u64 + 1).to_le_bytes());
    }
    bytes
}

/// Each chunk is a length, a name, as many bytes, and the checksum of name and bytes.
fn with_png_checksums(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let end = at + 8 + length;
        if end + 4 > bytes.len() {
            break;
        }
        let mut checksum = flate2::Crc::new();
        checksum.update(&bytes[at + 4..end]);
        bytes[end..end + 4].copy_from_slice(&checksum.sum().to_be_bytes());
        at = end + 4;
    }
    bytes
}
