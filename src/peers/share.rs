//! Which rows a process takes.

use std::ops::Range;

/// One of several consecutive parts of some rows, as equal as can be: the first ones have one more where they cannot be equal.
///
/// ```
/// use wgvae::peers::Share;
///
/// let parts = [0, 1, 2].map(|rank| Share { rank, count: 3 }.of(8));
/// assert_eq!(parts, [0..3, 3..6, 6..8]);
/// assert_eq!(Share::WHOLE.of(8), 0..8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Number of the part.
    pub rank: usize,
    /// Number of parts.
    pub count: usize,
}

impl Share {
    /// The one part that is all.
    pub const WHOLE: Share = Share { rank: 0, count: 1 };

    /// The part of `rows` rows. Of fewer rows it is never larger.
    pub fn of(self, rows: usize) -> Range<usize> {
        let start = |rank: usize| rank * (rows / self.count) + rank.min(rows % self.count);
        start(self.rank)..start(self.rank + 1)
    }
}

/// How the rows of a split are taken: in batches, of each of which a process has a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Rows of the split.
    pub count: usize,
    /// Rows of a full batch; the last may be smaller.
    pub batch: usize,
    /// What the process takes of each.
    pub share: Share,
}

impl Batching {
    /// Number of batches.
    pub fn steps(&self) -> usize {
        self.count.div_ceil(self.batch)
    }

    /// Number of batches that the process has rows of: all, or all but the last.
    pub fn own_steps(&self) -> usize {
        let steps = self.steps();
        let has_rows = |entry: usize| !self.rows(entry).is_empty();
        (0..steps).rev().take_while(|&entry| !has_rows(entry)).last().unwrap_or(steps)
    }

    /// Rows of batch `entry`, those of other processes too.
    pub fn whole(&self, entry: usize) -> usize {
        self.batch.min(self.count - entry * self.batch)
    }

    /// The own rows of batch `entry`, counted from its start.
    pub fn rows(&self, entry: usize) -> Range<usize> {
        self.share.of(self.whole(entry))
    }

    /// The same, counted from the start of the split.
    pub fn positions(&self, entry: usize) -> Range<usize> {
        let Range { start, end } = self.rows(entry);
        entry * self.batch + start..entry * self.batch + end
    }

    /// The own rows of a full batch.
    pub fn own_batch(&self) -> usize {
        self.share.of(self.batch).len()
    }

    /// The own rows of the whole split.
    pub fn own_count(&self) -> usize {
        let last = self.steps().saturating_sub(1);
        last * self.own_batch() + self.rows(last).len()
    }
}
