//! `wgvae train --resume`

use super::{Arguments, chosen, from_anywhere};
use crate::{
    Error, Result,
    cli::{earlier, ranks},
    data::Dataset,
    device::Device,
    gpu::{Precision, Tilings},
    network,
    peers::Peers,
    proofs::Checked,
    run::{Claim, Run, Settings},
    train::{
        Changes, Session,
        tuning::{TilingChoice, prove},
    },
};
use std::path::Path;

/// What a run goes on with: its claim, of the first process, its device and its data.
fn reopen(
    dir: &Path,
    arguments: &Arguments,
    peers: Peers,
    here: [usize; 2],
) -> Result<(Run, Option<Claim>, Device, Dataset)> {
    let run = Run::open(dir)?;
    if !dir.join("checkpoint.safetensors").is_file() {
        let problem = format!("{} has no checkpoint: begin anew with --out {0} --force", dir.display());
        return Err(Error::invalid("--resume", problem));
    }
    resumed_settings(&run, arguments).validate()?;
    let claim = peers.is_first().then(|| Claim::resume(&run)).transpose()?;
    let precision = run.config.tilings.map_or(Precision::F32, Tilings::precision);
    let device = ranks::device(&arguments.device, earlier::device(&run.config), here).open_for(precision)?;
    arguments.memory.check(&device)?;
    earlier::warn_of_differences(&run.config, &device);
    let data = arguments.data.dir.open(&run)?;
    if let (Device::Gpu(gpu), Some(then)) = (&device, run.config.tilings) {
        let found = network::fit(&run.config.model, &run.config.objective, gpu.usable(Some(then)));
        prove(gpu, &resumed_settings(&run, arguments), found, &mut Checked::default())?;
    }
    Ok((run, claim, device, data))
}

/// The settings of a run with the changes that are asked for.
fn resumed_settings(run: &Run, arguments: &Arguments) -> Settings {
    let mut settings = run.config.settings();
    settings.adam.lr = arguments.lr.unwrap_or(settings.adam.lr);
    settings.epochs = arguments.epochs.unwrap_or(settings.epochs);
    settings
}

/// Goes on with the run in `dir`.
pub(super) fn resume(peers: Peers, dir: &Path, arguments: &Arguments) -> Result<Session> {
    let here = peers.on_this_machine();
    let (run, claim, device, data) = peers.first_then_others(|| reopen(dir, arguments, peers, here))?;
    let tilings = match run.config.tilings {
        Some(_) => None,
        None => {
            ranks::tilings(peers, || chosen(peers, &device, &resumed_settings(&run, arguments), TilingChoice::Auto))?
        }
    };
    let changes =
        Changes { epochs: arguments.epochs, lr: arguments.lr, tilings, gpu_memory: arguments.memory.gpu_memory };
    let mut session = Session::resume_among(peers, &run, claim, &changes, device, data)?;
    let mut options = session.config().options.clone();
    if !options.is_empty() && !session.is_done() {
        options.extend(from_anywhere(&arguments.typed)?.into_iter().filter(|(name, _)| name != "log"));
        session.keep_options(options)?;
    }
    Ok(session)
}
