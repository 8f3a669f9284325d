//! The built-in font: Noto Sans Mono, rasterized ahead of time, so that no font is looked for and every machine draws the same.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width};

/// The two sizes of text there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Labels, captions, ticks: regular, 16 pixels high.
    Body,
    /// Titles: bold, 20 pixels high.
    Title,
}

impl Face {
    const fn font(self) -> (FontWeight, RasterHeight) {
        match self {
            Face::Body => (FontWeight::Regular, RasterHeight::Size16),
            Face::Title => (FontWeight::Bold, RasterHeight::Size20),
        }
    }

    /// Height of a line in pixels.
    pub(super) const fn height(self) -> usize {
        self.font().1.val()
    }

    /// Width of one character in pixels.
    pub(super) const fn advance(self) -> usize {
        let (weight, height) = self.font();
        get_raster_width(weight, height)
    }

    /// Width of `text` in pixels.
    pub(super) fn width(self, text: &str) -> usize {
        plain(text).chars().count() * self.advance()
    }
}

/// Calls `put(x, y, coverage)` for every pixel the text touches, from the top left of its box; coverage is 1 to 255.
pub(super) fn draw(text: &str, face: Face, mut put: impl FnMut(usize, usize, u8)) {
    for (i, c) in plain(text).chars().enumerate() {
        for (y, row) in glyph(c, face).rows().enumerate() {
            for (x, &coverage) in row.iter().enumerate().filter(|(_, coverage)| **coverage > 0) {
                put(i * face.advance() + x, y, coverage);
            }
        }
    }
}

/// `text` in the font's characters, Latin-1: Greek letters spelled out, dashes as hyphens.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'μ' => out.push('µ'), // the micro sign of Latin-1 is drawn as the Greek letter
            'α' => out.push_str("alpha"),
            'β' => out.push_str("beta"),
            'γ' => out.push_str("gamma"),
            'ε' => out.push_str("epsilon"),
            'λ' => out.push_str("lambda"),
            'σ' => out.push_str("sigma"),
            '−' | '–' | '—' => out.push('-'),
            c => out.push(c),
        }
    }
    out
}

fn glyph(c: char, face: Face) -> RasterizedChar {
    let (weight, height) = face.font();
    get_raster(c, weight, height)
        .or_else(|| get_raster('?', weight, height))
        .expect("the font holds the whole of ASCII, so it holds `?`")
}

/// `text`, with its middle left out where it is longer than `limit` characters: both ends of a path tell something.
pub(super) fn elide(text: &str, limit: usize) -> String {
    let n = text.chars().count();
    if n <= limit {
        return text.to_string();
    }
    let kept = limit.saturating_sub(3);
    let head: String = text.chars().take(kept / 2).collect();
    let tail: String = text.chars().skip(n - (kept - kept / 2)).collect();
    format!("{head}...{tail}")
}
