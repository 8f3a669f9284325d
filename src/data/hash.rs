//! Hashes of data, in hex.

use sha2::{Digest, Sha256};

use crate::model::Rows;

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 in hex of rows of `width` values: of images their bytes, of real values their little-endian bytes.
pub(super) fn sha256_of_rows(rows: Rows, width: usize) -> String {
    const ROWS: usize = 1024;
    let mut hash = Sha256::new();
    for first in (0..rows.len()).step_by(ROWS * width.max(1)) {
        let part = rows.slice(first..rows.len().min(first + ROWS * width));
        match part.are_pixels() || cfg!(target_endian = "little") {
            true => hash.update(part.bytes()),
            false => part.floats().iter().for_each(|value| hash.update(value.to_le_bytes())),
        }
    }
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
