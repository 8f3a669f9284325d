//! Which tilings a run is to have: pinned, remembered from an earlier run, or measured.
//!
//! Which is fastest depends on adapter, driver and sizes, so training of the very model is timed, one part's tiling
//! changed at a time. What was found is remembered per adapter, driver, version and sizes, and stands in the run's
//! `config.json`, so that a resumed run makes the same bytes. Kernels of mixed precision are checked before they are chosen.

use super::rehearsal::seconds;
use crate::{
    Error, Result,
    files::write_atomically,
    gpu::{Gpu, LatentTiling, Precision, Tiling, Tilings},
    kernels::update::Epilogue,
    network::{self, Network, step},
    proofs::Checked,
    run::Settings,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

/// The value of `--tiling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TilingChoice {
    /// What was found before, else what measures best; on a software adapter, which compiles slowly, what is known to be best.
    #[default]
    Auto,
    /// What measures best now.
    Measure,
    /// This one.
    Pinned(Tiling),
}

impl FromStr for TilingChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<TilingChoice> {
        match text {
            "auto" => Ok(TilingChoice::Auto),
            "measure" => Ok(TilingChoice::Measure),
            _ => {
                Tiling::ALL.into_iter().find(|tiling| tiling.to_string() == text).map(TilingChoice::Pinned).ok_or_else(
                    || {
                        let names = Tiling::ALL.map(|tiling| tiling.to_string()).join(", ");
                        Error::invalid("--tiling", format!("is {text:?}, expected auto, measure or one of {names}"))
                    },
                )
            }
        }
    }
}

/// How much better a measurement must be to count: below this, the first of two tilings stays.
const MARGIN: f64 = 0.97;

/// Spans of rows that are tried, and the fewest rows of one.
const SPANS: [u32; 4] = [2, 4, 8, 16];
const LEAST_ROWS: usize = 64;

/// The tilings that `choice` makes for `settings` on `gpu`; `report` is told which and why, in one line.
///
/// # Errors
/// [`Error::Invalid`] where the adapter lacks what is pinned; [`Error::DeviceLost`] where the device is lost; as [`prove`].
pub fn tilings(
    gpu: &Arc<Gpu>,
    settings: &Settings,
    choice: TilingChoice,
    report: &mut dyn FnMut(&str),
) -> Result<Tilings> {
    let (file, mut checked) = (cache_file(), Checked::default());
    let (found, why) = match choice {
        TilingChoice::Pinned(tiling) if tiling.precision() != gpu.precision() => {
            let problem = format!("{tiling} goes with --precision {}, not {}", tiling.precision(), gpu.precision());
            return Err(Error::invalid("--tiling", problem));
        }
        TilingChoice::Pinned(tiling) if !gpu.offers(tiling.needs()) => {
            let problem = format!("{tiling} needs {}, which {} lacks", tiling.needs(), gpu.adapter().name);
            return Err(Error::invalid("--tiling", problem));
        }
        TilingChoice::Pinned(tiling) => (Tilings::all(tiling), "as asked"),
        TilingChoice::Auto if gpu.adapter().is_software() => (gpu.tilings(), "for a software adapter"),
        TilingChoice::Auto => match file.as_deref().and_then(|file| remembered(file, &key(gpu, settings))) {
            Some(found) => (found, "as measured before"),
            None => (measure(gpu, settings, &mut checked)?, "as measured now"),
        },
        TilingChoice::Measure => (measure(gpu, settings, &mut checked)?, "as measured now"),
    };
    let found = network::fit(&settings.model, &settings.objective, found);
    prove(gpu, settings, found, &mut checked)?;
    if let (Some(file), "as measured now") = (file, why)
        && let Err(error) = remember(&file, key(gpu, settings), found)
    {
        report(&format!("not remembered for the next run: {error}"));
    }
    report(&format!("{found}; {why}"));
    Ok(found)
}

/// Holds the kernels of a step to the oracle where `tilings` are of mixed precision, whose matrices drivers are new to; not those
/// `checked` before.
///
/// # Errors
/// [`Error::CheckFailed`] where one is wrong on this device; [`Error::DeviceLost`] where the device is lost.
pub fn prove(gpu: &Gpu, settings: &Settings, tilings: Tilings, checked: &mut Checked) -> Result<()> {
    if tilings.precision() == Precision::F32 {
        return Ok(());
    }
    let net = Network::for_objective(&settings.model, &settings.objective, settings.batch, tilings);
    let net = net.with_corruption(settings.corruption, settings.seed, false).with_clipping(settings.adam.clip);
    let (program, _) = step::training(&net, &settings.objective, settings.format, Epilogue::Adam)?;
    checked.check(gpu, &program)
}

/// Times training, one part's tiling changed at a time.
fn measure(gpu: &Arc<Gpu>, settings: &Settings, checked: &mut Checked) -> Result<Tilings> {
    let mut best = network::fit(&settings.model, &settings.objective, gpu.tilings());
    prove(gpu, settings, best, checked)?;
    let mut least = seconds(gpu, settings, best)?;
    let rows = settings.batch * settings.objective.samples;
    let parts: [&dyn Fn(Tilings) -> Vec<Tilings>; 5] = [
        &|t| Tiling::ALL.map(|forward| Tilings { forward, ..t }).into(),
        &|t| Tiling::ALL.map(|backward| Tilings { backward, ..t }).into(),
        &|t| Tiling::all_updating().map(|update| Tilings { update, ..t }).collect(),
        &|t| LatentTiling::ALL.map(|latent| Tilings { latent, ..t }).into(),
        &|t| {
            SPANS
                .into_iter()
                .filter(|spans| rows >= LEAST_ROWS * *spans as usize)
                .map(|spans| Tilings { spans, ..t })
                .collect()
        },
    ];
    for part in parts {
        for candidate in part(best) {
            let net = Network::for_objective(&settings.model, &settings.objective, settings.batch, candidate);
            let fits = candidate == net.tilings && gpu.supports(candidate) && net.check_size(gpu).is_ok();
            // a middle that begins in one dispatch stays in one: six are promised for the article's nets
            let apart = candidate.latent == LatentTiling::Layers && best.latent != LatentTiling::Layers;
            if candidate != best && fits && !apart {
                prove(gpu, settings, candidate, checked)?;
                let time = seconds(gpu, settings, candidate)?;
                if time < MARGIN * least {
                    (best, least) = (candidate, time);
                }
            }
        }
    }
    Ok(best)
}

/// What a measurement holds for.
fn key(gpu: &Gpu, settings: &Settings) -> String {
    let (adapter, model) = (gpu.adapter(), &settings.model);
    format!(
        "{} | {} | {} | wgvae {} | {:?} {}-{:?}-{} | batch {}{} | {}",
        adapter.name,
        adapter.driver,
        adapter.backend,
        env!("CARGO_PKG_VERSION"),
        model.kind,
        model.input,
        model.hidden,
        model.latent,
        settings.batch,
        if settings.adam.clip.is_some() { ", clipped" } else { "" }, // gradients are stored, not taken by Adam at once
        gpu.precision()
    )
}

fn cache_file() -> Option<PathBuf> {
    dirs::cache_dir().map(|cache| cache.join("wgvae").join("tilings.json"))
}

/// Everything remembered; nothing where the file is missing or damaged: it is measured again.
fn load(file: &Path) -> BTreeMap<String, Tilings> {
    std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn remembered(file: &Path, key: &str) -> Option<Tilings> {
    load(file).get(key).copied()
}

fn remember(file: &Path, key: String, found: Tilings) -> Result<()> {
    let mut all = load(file);
    all.insert(key, found);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    write_atomically(file, serde_json::to_string_pretty(&all).expect("plain names").as_bytes())
}
