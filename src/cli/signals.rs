//! Signals that ask a run to stop: the first is remembered, so that training ends at the next whole step; a second ends the process.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The first signal that came, if any.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Begins to listen to SIGINT, SIGTERM and SIGHUP; not to a SIGHUP that is ignored, as under `nohup`.
    pub fn listen() -> Stop {
        use signal_hook::{consts, flag};
        let stop = Stop::default();
        #[cfg(unix)]
        let signals =
            [Some(consts::SIGINT), Some(consts::SIGTERM), (!ignored(consts::SIGHUP)).then_some(consts::SIGHUP)];
        #[cfg(not(unix))]
        let signals = [Some(consts::SIGINT), Some(consts::SIGTERM)];
        for signal in signals.into_iter().flatten() {
            let again = Arc::default();
            // Without a handler a signal still leaves the last checkpoint whole, only with less to say.
            let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again));
            let _ = flag::register(signal, again);
            let _ = flag::register_usize(signal, Arc::clone(&stop.0), signal as usize);
        }
        stop
    }

    /// Whether one has come.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// The exit status of a process that a signal ended, as shells count it: 130, 143 and 129. Where the signal came to another of
    /// several processes, that of SIGTERM.
    pub fn status(&self) -> u8 {
        match self.0.load(Ordering::Relaxed) {
            0 => 128 + signal_hook::consts::SIGTERM as u8,
            signal => 128 + signal as u8,
        }
    }
}

/// Whether this process was started with `signal` ignored.
#[cfg(unix)]
fn ignored(signal: i32) -> bool {
    // SAFETY: a null pointer for the new action only asks for the present one, which is written to `action`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}
