//! Holds what a kernel left in memory against what it must have left.

use super::case::{Case, Expected, GUARD, UNWRITTEN};
use crate::gpu::Slot;
use std::fmt;

/// The first thing wrong with a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which value: `y[3, 5]`.
    pub place: String,
    /// What lies there.
    pub got: String,
    /// What should.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} is {}, expected {}", self.place, self.got, self.expected)
    }
}

/// Compares a buffer, word by word: bits where bits are expected, `|got − value| ≤ limit` of finite floats elsewhere.
/// Returns the worst share of its limit that an element used, 0 where all of them are exact.
///
/// # Errors
/// The first [`Fault`]: a wrong length, a value beyond its limit or not finite, padding that is not zero, or a word touched
/// that should not be.
pub fn compare(case: &Case, slot: impl Into<Slot>, got: &[u32]) -> Result<f64, Fault> {
    let slot = slot.into();
    let expected = case.buffers.iter().find(|buffer| buffer.slot == slot).map_or(&[][..], |buffer| &buffer.after);
    if got.len() != expected.len() {
        let [got, expected] = [got.len(), expected.len()].map(|length| format!("{length} words"));
        return Err(Fault { place: slot.name.into(), got, expected });
    }
    let before = case.buffers.iter().find(|buffer| buffer.slot == slot).map_or(&[][..], |buffer| &buffer.before);
    let mut worst = 0.0_f64;
    for (index, ((&got, expected), &before)) in got.iter().zip(expected).zip(before).enumerate() {
        let fault = |expected: String| Fault { place: case.describe(slot, index), got: show(got), expected };
        let float = f32::from_bits(got) as f64;
        match *expected {
            Expected::Untouched if got != before => return Err(fault(format!("{} untouched", show(before)))),
            Expected::Bits(bits) if got != bits => return Err(fault(format!("{} exactly", show(bits)))),
            Expected::Zero if float != 0.0 => return Err(fault("zero padding".into())),
            Expected::Untouched | Expected::Bits(_) | Expected::Zero => {}
            Expected::Near { value, limit } => {
                let apart = (float - value).abs();
                let close = float.is_finite() && apart <= limit;
                if !close {
                    return Err(fault(format!("{value:e} ± {limit:.2e}")));
                }
                worst = worst.max(if apart > 0.0 { apart / limit } else { 0.0 });
            }
        }
    }
    Ok(worst)
}

fn show(word: u32) -> String {
    match word {
        GUARD => "a guard".into(),
        UNWRITTEN => "unwritten (the NaN it was filled with)".into(),
        _ if (1..=0x00ff_ffff).contains(&word) => format!("{word} ({word:#010x})"),
        _ => format!("{:e} ({word:#010x})", f32::from_bits(word)),
    }
}
