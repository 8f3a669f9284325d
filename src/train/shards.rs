//! Rows that pass through the device in shards, where all of them together have no room there.
//!
//! A shard holds the rows of several batches in the order of the epoch, so that kernels take them as they lie. There are two: the device
//! works on one while the other is filled. A thread of the host gathers the rows, a piece at a time, and the loop puts a piece on the
//! device between two submits. Order and draws are functions of (seed, epoch, row): they do not depend on what a shard holds.

use crate::{
    Result,
    data::Split,
    gpu::{Gpu, Memory, Role},
    model::Drawn,
    peers::Batching,
    random::Permutation,
};
use rayon::prelude::*;
use std::{
    ops::Range,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Bytes of the rows that are gathered and put on the device at a time; a batch may be larger.
pub(super) const PIECE_BYTES: usize = 8 << 20;
/// Pieces that wait for the loop.
const WAITING: usize = 2;

/// The two shards of a split, and where their rows come from.
pub(super) struct Shards {
    /// The buffers of rows and labels of either shard.
    memories: [Memory; 2],
    rows: Arc<Rows>,
}

/// What is gathered.
pub(super) struct Rows {
    /// Gray, where they are made black and white.
    pub split: Split,
    /// Values of a row.
    pub width: usize,
    /// Bytes of a row on the device.
    pub row_bytes: usize,
    /// In which batches they are taken, and what of each by this process.
    pub batching: Batching,
    /// Batches of a shard.
    pub batches: usize,
}

/// Rows of consecutive batches of one shard as they lie on the device.
struct Piece {
    /// The batches, counted from the start of the epoch.
    entries: Range<usize>,
    images: Vec<u8>,
    labels: Vec<u32>,
}

impl Shards {
    pub(super) fn new(memories: [Memory; 2], rows: Rows) -> Shards {
        Shards { memories, rows: Arc::new(rows) }
    }

    /// Batches of a shard.
    pub(super) fn batches(&self) -> usize {
        self.rows.batches
    }

    /// Gathers the rows of the batches `steps` on a thread while `work` takes them from the feed. None for `order` is that of
    /// the split.
    pub(super) fn feed<R>(
        &self,
        steps: Range<usize>,
        order: Option<Permutation>,
        drawn: Option<Drawn>,
        work: impl FnOnce(Feed) -> R,
    ) -> R {
        let (sender, pieces) = sync_channel(WAITING);
        let rows = Arc::clone(&self.rows);
        let written = steps.start;
        thread::scope(|scope| {
            scope.spawn(move || rows.gather(steps, order, drawn, &sender));
            work(Feed { shards: self, pieces, early: None, written })
        })
    }
}

impl Rows {
    /// Sends the rows of the first `steps` batches, piece after piece, until nobody takes them.
    fn gather(
        &self,
        steps: Range<usize>,
        order: Option<Permutation>,
        drawn: Option<Drawn>,
        sender: &SyncSender<Result<Piece>>,
    ) {
        let of_piece = (PIECE_BYTES / (self.batching.own_batch().max(1) * self.row_bytes)).max(1);
        let Range { mut start, end } = steps;
        while start < end {
            let shard_end = (start / self.batches + 1) * self.batches;
            let entries = start..(start + of_piece).min(shard_end).min(end);
            start = entries.end;
            let piece = self.piece(entries, order.as_ref(), drawn);
            let failed = piece.is_err();
            if sender.send(piece).is_err() || failed {
                return; // the loop has ended, or will
            }
        }
    }

    fn piece(&self, entries: Range<usize>, order: Option<&Permutation>, drawn: Option<Drawn>) -> Result<Piece> {
        let positions = entries.clone().flat_map(|entry| self.batching.positions(entry));
        let items: Vec<u32> =
            positions.map(|position| order.map_or(position as u32, |order| order.item(position as u32))).collect();
        let mut images = vec![0; items.len() * self.row_bytes];
        images.par_chunks_exact_mut(self.row_bytes).zip(&items).with_min_len(64).try_for_each(|(row, &item)| {
            self.split.images.copy_row(item as usize, self.width, row)?;
            if let Some(drawn) = drawn {
                drawn.draw(&mut row[..self.width], item as usize);
            }
            Ok(())
        })?;
        let labels = self.split.labels.as_ref();
        let labels = labels.map(|labels| items.iter().map(|&item| labels[item as usize].into()).collect());
        Ok(Piece { entries, images, labels: labels.unwrap_or_default() })
    }
}

/// Gathered rows on their way to the device.
pub(super) struct Feed<'a> {
    shards: &'a Shards,
    pieces: Receiver<Result<Piece>>,
    /// A piece whose shard is still in use.
    early: Option<Piece>,
    /// Batches whose rows are on the device, or were.
    written: usize,
}

impl Feed<'_> {
    /// Puts on the device what is gathered for the shard of `entries` and the next one, and waits for the rows of `entries`. All batches
    /// before them have been submitted, so that the shard before theirs is free: what is written now is written after its use.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::Error::Gpu) where the driver refuses, [`Error::Io`](crate::Error::Io) where a row cannot be read.
    pub(super) fn advance(&mut self, gpu: &Gpu, entries: &Range<usize>) -> Result<()> {
        let Shards { memories, rows } = self.shards;
        let now = entries.start / rows.batches;
        loop {
            let piece = match self.early.take() {
                Some(piece) => piece,
                None if self.written < entries.end => {
                    self.pieces.recv().expect("the thread that gathers sends every piece, unless it panicked")?
                }
                None => match self.pieces.try_recv() {
                    Ok(piece) => piece?,
                    Err(_) => return Ok(()), // none is ready, or all have come
                },
            };
            let shard = piece.entries.start / rows.batches;
            if shard > now + 1 {
                self.early = Some(piece);
                return Ok(());
            }
            let (memory, first) =
                (&memories[shard % 2], (piece.entries.start % rows.batches * rows.batching.own_batch()) as u64);
            memory.write(gpu, Role::Images, first * rows.row_bytes as u64, &piece.images)?;
            memory.write(gpu, Role::Labels, 4 * first, bytemuck::cast_slice(&piece.labels))?;
            self.written = piece.entries.end;
        }
    }
}
