//! Options of commands that work on all images of a split.

use super::options::{DataDir, parse};
use crate::{
    Error, Result,
    data::{self, Dataset, Source, Split},
    run::Run,
};
use clap::{Args, ValueEnum};

/// Which images a run is applied to.
#[derive(Args)]
pub struct ImageOptions {
    /// Other images than the run's own: mnist, glyphs, or the path of IDX files, an image folder, a .npy or a .csv
    #[arg(long, value_name = "mnist|glyphs|PATH", value_parser = parse::<Source>)]
    data: Option<Source>,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    split: SplitName,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    /// What the run was trained on
    Train,
    /// What it is judged on
    Test,
}

impl ImageOptions {
    /// Opens the data, by default the run's own, and checks that they fit its model.
    pub fn open(&self, run: &Run, dir: &DataDir) -> Result<Dataset> {
        let Some(source) = &self.data else { return dir.open(run) };
        let report = &mut |line: &str| eprintln!("data: {line}");
        let data = data::open(source, dir.data_dir.as_deref(), &data::Options::default(), report)?;
        let then = &run.config.data;
        if (data.width, data.height) != (then.width, then.height) {
            let problem = format!(
                "images of {} x {} pixels, but the run was trained on {} x {}",
                data.width, data.height, then.width, then.height
            );
            return Err(Error::invalid("--data", problem));
        }
        Ok(data)
    }

    /// The part of the data asked for.
    pub fn split<'a>(&self, data: &'a Dataset) -> &'a Split {
        match self.split {
            SplitName::Train => &data.train,
            SplitName::Test => &data.test,
        }
    }
}
