//! Waiting for the device: with an end, and with what its driver reported.

use super::{Boundary, Gpu, Submission};
use crate::{Error, Result};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

/// The longest wait, where [`Options::wait`](super::Options::wait) says nothing. Systems reset a GPU that works on one submit for some
/// seconds; a step of the largest nets can take a minute on a software adapter.
const LONGEST: Duration = Duration::from_secs(300);

/// What a driver reported.
pub(super) enum Fault {
    OutOfMemory(String),
    Lost(String),
    Other(String),
}

thread_local! {
    /// Whether this thread waits for a device.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Silences the report of the panic that wgpu ends a wait with where the device is lost: [`Gpu::wait`] and [`Gpu::wait_for`] make an
/// error of it. For programs: a library leaves the panic hook alone.
pub fn silence_lost_devices() {
    let usual = take_hook();
    set_hook(Box::new(move |panic| {
        if !WAITS.get() {
            usual(panic);
        }
    }));
}

impl Gpu {
    /// Waits until all that was submitted is done.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::DeviceHangs`] where there is no answer, or what the driver reported.
    pub fn wait(&self, context: &str) -> Result<()> {
        self.wait_until(None, context)
    }

    /// Waits until one submission and all before it are done.
    ///
    /// # Errors
    /// As [`Gpu::wait`].
    pub fn wait_for(&self, submission: Submission, context: &str) -> Result<()> {
        self.wait_until(Some(submission.0), context)
    }

    fn wait_until(&self, submission_index: Option<wgpu::SubmissionIndex>, context: &str) -> Result<()> {
        let longest = self.options().wait.unwrap_or(LONGEST);
        let poll = wgpu::PollType::Wait { submission_index, timeout: Some(longest) };
        let polled = catch_unwind(AssertUnwindSafe(|| {
            WAITS.set(true);
            if self.injects(Boundary::ReadBack) {
                self.report(Fault::Lost("made on purpose".into()));
                panic!("as wgpu does");
            }
            match self.injects(Boundary::Wait) {
                true => Err(wgpu::PollError::Timeout),
                false => self.device.poll(poll),
            }
        }));
        WAITS.set(false);
        match polled {
            Ok(Ok(_)) => self.fault(context),
            Ok(Err(wgpu::PollError::Timeout)) => {
                self.abandon();
                Err(Error::DeviceHangs { context: context.into(), seconds: longest.as_secs_f64() })
            }
            Ok(Err(error)) => {
                self.fault(context)?;
                Err(Error::Gpu { context: context.into(), problem: error.to_string() })
            }
            Err(_) => {
                self.report(Fault::Lost("the driver gives no reason".into())); // unless it gave one before
                self.fault(context)
            }
        }
    }

    /// The first error the driver reported since the last call, if any; that the device is lost, every time.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::DeviceLost`] or [`Error::Gpu`].
    pub fn fault(&self, context: &str) -> Result<()> {
        let (mut reported, context) = (self.reported(), context.to_string());
        match reported.take() {
            None => Ok(()),
            Some(Fault::OutOfMemory(problem)) => Err(Error::OutOfMemory { context, problem }),
            Some(Fault::Other(problem)) => Err(Error::Gpu { context, problem }),
            Some(Fault::Lost(problem)) => {
                *reported = Some(Fault::Lost(problem.clone()));
                self.abandon();
                Err(Error::DeviceLost { context, problem })
            }
        }
    }

    /// Keeps what was reported, unless something was before.
    pub(super) fn report(&self, fault: Fault) {
        self.reported().get_or_insert(fault);
    }

    fn reported(&self) -> MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaks a device that is lost or hangs: to release it would be to wait for it.
    fn abandon(&self) {
        if !self.abandoned.swap(true, Ordering::Relaxed) {
            std::mem::forget((self.device.clone(), self.queue.clone()));
        }
    }
}
