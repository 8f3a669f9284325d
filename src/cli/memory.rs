//! `--gpu-memory`, and sizes of memory as they are typed: `512MiB`, `2GiB`, `1.5GB`.

use crate::{Error, Result, device::Device};

/// How much of a GPU's memory training may take.
#[derive(clap::Args)]
pub struct MemoryOptions {
    /// Memory that training may take on a GPU, such as 512MiB or 2GiB; data that do not fit are streamed, with the same result
    /// [default: what the adapter is known to bear]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub gpu_memory: Option<u64>,
}

impl MemoryOptions {
    /// Refuses the option on a device that has no such memory.
    pub fn check(&self, device: &Device) -> Result<()> {
        match device {
            Device::Oracle if self.gpu_memory.is_some() => {
                Err(Error::invalid("--gpu-memory", "is for a GPU; the f64 oracle has none"))
            }
            _ => Ok(()),
        }
    }
}

const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// A clap value parser of a number of bytes with its unit.
fn size(text: &str) -> std::result::Result<u64, String> {
    let expected =
        || format!("expected a size such as 512MiB or 2GiB, with one of {}", UNITS.map(|(name, _)| name).join(", "));
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    let (_, bytes) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim())).ok_or_else(expected)?;
    let size = number.parse::<f64>().map_err(|_| expected())? * *bytes as f64;
    match size >= 1.0 && size < 2_f64.powi(63) {
        true => Ok(size as u64),
        false => Err("expected at least a byte, and less than 2^63".into()),
    }
}
