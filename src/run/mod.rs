//! A run on disk: its directory and the lock on it, configuration, metrics, weights and checkpoints.

mod binarized;
pub mod checkpoint;
mod claim;
mod config;
mod directory;
mod keeping;
mod losses;
mod metrics;
mod settings;
mod state;
mod status;

pub use claim::Claim;
pub use config::{Config, DataConfig, DeviceConfig, Stage};
pub use directory::Run;
pub use keeping::{BEST, EVENTS, Keep, Keeping, best, epoch_file};
pub use losses::{Begun, EpochLosses};
pub use metrics::{Figures, Metrics};
pub use settings::Settings;
pub use state::{Place, State};
pub use status::{Status, runs_in};
pub(crate) use status::{clear_failure, record_failure};
