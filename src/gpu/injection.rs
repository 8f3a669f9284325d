//! Faults made on purpose, at the places where host and device meet, for tests of what becomes of a run then.

use super::Gpu;
use crate::{Error, Result};
use std::{
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Where host and device meet, and what goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// A buffer is created: there is no memory for it.
    Allocation,
    /// Work is submitted: the device is lost.
    Submit,
    /// The host waits: the device gives no answer.
    Wait,
    /// The host waits for results: the device is lost, which wgpu panics over.
    ReadBack,
}

/// The fault to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    boundary: Boundary,
    /// Which time it is made, from 1 on.
    number: u64,
}

impl FromStr for Injection {
    type Err = Error;

    /// Reads `allocation:3`, `submit:3`, `wait:3` or `read-back:3`.
    fn from_str(text: &str) -> Result<Injection> {
        let known = [
            ("allocation", Boundary::Allocation),
            ("submit", Boundary::Submit),
            ("wait", Boundary::Wait),
            ("read-back", Boundary::ReadBack),
        ];
        let parsed = text.split_once(':').and_then(|(name, number)| {
            let (_, boundary) = *known.iter().find(|(known, _)| *known == name)?;
            Some(Injection { boundary, number: number.parse().ok().filter(|&number| number > 0)? })
        });
        parsed.ok_or_else(|| {
            let problem = format!("is {text:?}, expected allocation:N, submit:N, wait:N or read-back:N, N from 1 on");
            Error::invalid("WGVAE_FAULT", problem)
        })
    }
}

/// A fault to make, and how often its place was passed.
pub(super) struct Injector {
    injection: Injection,
    passed: AtomicU64,
}

impl Injector {
    pub(super) fn new(injection: Injection) -> Injector {
        Injector { injection, passed: AtomicU64::new(0) }
    }
}

impl Gpu {
    /// Whether the fault at `boundary` is to be made now.
    pub(super) fn injects(&self, boundary: Boundary) -> bool {
        self.injector.as_ref().is_some_and(|injector| {
            let here = injector.injection.boundary == boundary;
            here && injector.passed.fetch_add(1, Ordering::Relaxed) + 1 == injector.injection.number
        })
    }
}
