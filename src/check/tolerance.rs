//! How far a float32 result may lie from the f64 oracle: running error analysis (Higham, "Accuracy and Stability of Numerical
//! Algorithms", 3.3) with the accuracies that WGSL guarantees. No limit comes from trial.
//!
//! An [`Approx`] is a value and a bound of the error that any conforming device may have made so far. Every operation
//! propagates the bounds of its operands and adds its own rounding:
//!
//! | operation | own error |
//! |---|---|
//! | `+` `−` `×` | ½ ulp, taken as 1 ulp: WGSL lets a device round either way |
//! | `/` | 2.5 ulp |
//! | `sqrt` | 4.5 ulp (1 / inverseSqrt) |
//! | `unpack4x8unorm` | 3 ulp |
//! | `exp(x)` | 3 + 2 \|x\| ulp |
//! | `ln` | 3 ulp, and no less than 2⁻²¹ for arguments in [½, 2] |
//! | conversion to f16 | 1 ulp of f16, 2⁻¹⁰; none for what f16 holds; below 2⁻¹⁴ it may be flushed to zero |
//! | sum of terms tₖ over a chain of d additions | d · 2⁻²³ · Σ \|tₖ\| |
//!
//! An ulp is at most 2⁻²³ of the value; what underflows may be flushed to zero.

use ndarray::{Array2, ArrayRef2};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// One ulp, relative to the value.
pub const ULP: f64 = 1.0 / (1 << 23) as f64;

/// The smallest normal float32: results below it may be flushed to zero.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// One ulp of f16, relative to the value, and its smallest normal number.
const F16: [f64; 2] = [1.0 / (1 << 10) as f64, 1.0 / (1 << 14) as f64];

/// A number and how far float32 arithmetic may lie from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Approx {
    /// The number.
    pub value: f64,
    /// Bound of the error.
    pub error: f64,
}

impl Approx {
    /// A number that float32 holds exactly.
    pub fn exact(value: f64) -> Approx {
        Approx { value, error: 0.0 }
    }

    /// A byte as `unpack4x8unorm` gives it: `byte / 255`.
    pub fn unorm8(byte: u8) -> Approx {
        let value = byte as f64 / 255.0;
        Approx { value, error: 3.0 * ULP * value }
    }

    /// The result of an operation: `inherited` from its operands, and `ulps` of its own.
    pub fn rounded(value: f64, inherited: f64, ulps: f64) -> Approx {
        Approx { value, error: inherited + ulps * ULP * (value.abs() + inherited) + TINY }
    }

    /// eˣ
    pub fn exp(self) -> Approx {
        let value = self.value.exp();
        Approx::rounded(value, value * self.error.exp_m1(), 3.0 + 2.0 * self.value.abs())
    }

    /// ln x, for x > 0.
    pub fn ln(self) -> Approx {
        let near_one = if (0.5..=2.0).contains(&self.value) { 4.0 * ULP } else { 0.0 };
        let inherited = self.error / (self.value - self.error).max(TINY);
        let found = Approx::rounded(self.value.ln(), inherited, 3.0);
        Approx { error: found.error.max(inherited + near_one), ..found }
    }

    /// √x, for x ≥ 0.
    pub fn sqrt(self) -> Approx {
        let below = (self.value - self.error).max(0.0).sqrt();
        let value = self.value.sqrt();
        Approx::rounded(value, (value - below).max((self.value + self.error).sqrt() - value), 4.5)
    }

    /// max(x, 0)
    pub fn relu(self) -> Approx {
        Approx { value: self.value.max(0.0), error: if self.value < -self.error { 0.0 } else { self.error } }
    }

    /// Rounded to f16 after multiplication by `scale`, a power of two, and divided by it again.
    ///
    /// # Panics
    /// Where f16 is too narrow.
    pub fn f16(self, scale: f64) -> Approx {
        let [ulp, tiny] = F16;
        let (largest, least) = ((self.value.abs() + self.error) * scale, (self.value.abs() - self.error) * scale);
        assert!(largest <= half::f16::MAX.to_f64(), "f16 cannot hold {largest}");
        let held = half::f16::from_f64(self.value * scale);
        if self.error == 0.0 && held.to_f64() == self.value * scale && (held.is_normal() || self.value == 0.0) {
            return self;
        }
        let flushed = if least < tiny { tiny } else { 0.0 };
        Approx { value: self.value, error: self.error + (ulp * largest + flushed) / scale }
    }

    /// |x|
    pub fn abs(self) -> Approx {
        Approx { value: self.value.abs(), ..self }
    }

    /// 1 / (1 + e⁻ˣ), by e to the power of −|x|.
    pub fn sigmoid(self) -> Approx {
        let z = (-self.abs()).exp();
        let top = if self.value < 0.0 { z } else { Approx::exact(1.0) };
        top / (Approx::exact(1.0) + z)
    }

    /// The sum of `terms` over a chain of `depth` additions.
    pub fn sum(terms: impl IntoIterator<Item = Approx>, depth: usize) -> Approx {
        let (mut value, mut magnitude, mut inherited) = (0.0, 0.0, 0.0);
        for term in terms {
            value += term.value;
            magnitude += term.value.abs() + term.error;
            inherited += term.error;
        }
        Approx { value, error: inherited + depth as f64 * ULP * magnitude + TINY }
    }
}

impl Neg for Approx {
    type Output = Approx;
    fn neg(self) -> Approx {
        Approx { value: -self.value, ..self }
    }
}

impl Add for Approx {
    type Output = Approx;
    fn add(self, other: Approx) -> Approx {
        Approx::rounded(self.value + other.value, self.error + other.error, 1.0)
    }
}

impl Sub for Approx {
    type Output = Approx;
    fn sub(self, other: Approx) -> Approx {
        self + -other
    }
}

impl Mul for Approx {
    type Output = Approx;
    fn mul(self, other: Approx) -> Approx {
        let inherited = self.value.abs() * other.error + other.value.abs() * self.error + self.error * other.error;
        Approx::rounded(self.value * other.value, inherited, 1.0)
    }
}

impl Div for Approx {
    type Output = Approx;
    fn div(self, other: Approx) -> Approx {
        let value = self.value / other.value;
        let least = (other.value.abs() - other.error).max(TINY);
        Approx::rounded(value, (self.error + value.abs() * other.error) / least, 2.5)
    }
}

/// A number that float32 holds exactly.
impl From<f64> for Approx {
    fn from(value: f64) -> Approx {
        Approx::exact(value)
    }
}

/// Numbers that float32 holds exactly.
pub fn exact(values: &ArrayRef2<f64>) -> Array2<Approx> {
    values.mapv(Approx::exact)
}

/// The numbers without their error bounds.
pub fn values(numbers: &ArrayRef2<Approx>) -> Array2<f64> {
    numbers.mapv(|number| number.value)
}

/// `c[i, j] = Σₖ a[i, k] b[k, j]` over a chain of `depth` additions; `a` is `[m, k]`, `b` `[k, n]`.
pub fn product(a: &ArrayRef2<Approx>, b: &ArrayRef2<Approx>, depth: usize) -> Array2<Approx> {
    let b = b.t().as_standard_layout().into_owned();
    Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| {
        Approx::sum(a.row(i).iter().zip(b.row(j)).map(|(&a, &b)| a * b), depth)
    })
}
