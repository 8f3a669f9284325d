//! Sizes of memory as they are typed: `512MiB`, `2GiB`, `1.5GB`.

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
pub fn size(text: &str) -> Result<u64, String> {
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
