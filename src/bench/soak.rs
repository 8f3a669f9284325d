//! A long training run, and the memory it takes at its beginning and at its end.

use super::article;
use crate::{
    Error, Result,
    data::glyphs,
    device::Device,
    memory::resident,
    model::Kind,
    run::Settings,
    train::{Progress, Session},
};
use serde::Serialize;
use std::{
    fmt,
    path::Path,
    time::{Duration, Instant},
};

/// Epochs before memory is measured first: kernels are compiled in them, and buffers of the host take their size.
const WARM: u64 = 3;
/// Glyphs to train on and to test.
const IMAGES: [usize; 2] = [6000, 500];
/// What resident memory may grow by: an allocator keeps pages, and the metrics of an epoch stay.
const SLACK: u64 = 32 << 20;

/// What a long run took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Soak {
    /// Seconds between both measurements.
    pub seconds: f64,
    /// Whole epochs between them.
    pub epochs: u64,
    /// Training steps between them.
    pub steps: u64,
    /// Memory after the first epochs.
    pub before: Taken,
    /// Memory at the end.
    pub after: Taken,
}

/// Memory that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Resident memory of this process, in bytes.
    pub resident: u64,
    /// Buffers on the device; none on the oracle, or where wgpu does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<OnDevice>,
}

/// Allocations on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OnDevice {
    /// Their number.
    pub buffers: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Trains the article's VAE at batch 32 in `dir` for so long after the first epochs, with all that `wgvae train` leaves: metrics, weights,
/// checkpoints, pictures. `progress` is told every epoch.
///
/// # Errors
/// As [`Session::epoch`].
pub fn soak(device: &Device, dir: &Path, length: Duration, progress: &mut dyn FnMut(u64, Taken)) -> Result<Soak> {
    let settings = Settings { epochs: u64::MAX, batch: 32, ..article(Kind::Vae) };
    let mut session = Session::begin(&settings, device.clone(), glyphs::dataset(0, IMAGES[0], IMAGES[1]), Some(dir))?;
    let mut train = |watch: &mut dyn FnMut(&Progress) -> bool| -> Result<bool> {
        match session.epoch(watch) {
            Err(Error::Interrupted(_)) => return Ok(false),
            trained => trained?,
        };
        if session.pictures_due() {
            session.draw_pictures()?;
        }
        Ok(true)
    };
    for _ in 0..WARM {
        train(&mut |_| true)?;
    }
    let (start, before) = (Instant::now(), taken(device)?);
    progress(WARM, before);
    let (mut epochs, mut steps) = (0, 0);
    let per_epoch = IMAGES[0].div_ceil(settings.batch) as u64;
    loop {
        let mut done = 0;
        let whole = train(&mut |progress| {
            done = progress.done as u64;
            start.elapsed() < length
        })?;
        steps += if whole { per_epoch } else { done };
        epochs += u64::from(whole);
        let after = taken(device)?;
        if !whole {
            return Ok(Soak { seconds: start.elapsed().as_secs_f64(), epochs, steps, before, after });
        }
        progress(WARM + epochs, after);
    }
}

fn taken(device: &Device) -> Result<Taken> {
    let on_device = match device {
        Device::Gpu(gpu) => gpu.allocated()?.map(|(buffers, bytes)| OnDevice { buffers, bytes }),
        Device::Oracle => None,
    };
    Ok(Taken { resident: resident(), device: on_device })
}

impl Soak {
    /// Checks that memory is flat: as much on the device, and on the host no more than an allocator's slack.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] where it is not.
    pub fn expect_flat(&self) -> Result<()> {
        let (before, after) = (self.before, self.after);
        let grown = after.resident.saturating_sub(before.resident);
        match before.device == after.device && grown <= SLACK {
            true => Ok(()),
            false => Err(Error::CheckFailed(format!("memory is not flat: {before} before, {after} after"))),
        }
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:.1} MB resident", self.resident as f64 / 1e6)?;
        match self.device {
            Some(OnDevice { buffers, bytes }) => {
                write!(f, ", {buffers} buffers of {:.1} MB on the device", bytes as f64 / 1e6)
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{} epochs, {} steps of 32 images in {:.0} s", self.epochs, self.steps, self.seconds)?;
        writeln!(f, "before: {}\nafter:  {}", self.before, self.after)
    }
}
