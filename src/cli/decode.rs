//! `wgvae decode`

use super::{
    encode::range_beside,
    options::{RunOptions, class},
    output::{check, has_extension, picture_of_run},
    print::result,
    table::write_rows,
};
use crate::{
    Error, Result,
    analysis::Quantised,
    gallery::Size,
    interop::npy::{self, Latents},
    picture::save_png,
    run::Run,
};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    /// Latents [n, latent]: float32 or float64, or uint8 codes written by encode --u8, with FILE.range.npy beside
    #[arg(value_name = "FILE.npy")]
    latents: PathBuf,
    /// Write images to FILE: .png, one sheet; or .npy, float32 [n, height, width], in colour [n, height, width, 3], in [0, 1], with a Gaussian likelihood its means,
    /// which no bounds hold; rows of a table, in its units, to .csv or .npy [default: RUN/images/decoded.png, of a table
    /// RUN/decoded.csv]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace FILE where it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// The class of all images, by name or number, for a CVAE
    #[arg(long, value_name = "K", conflicts_with = "labels")]
    label: Option<String>,
    /// The class of each image, for a CVAE: [n], uint8, int32 or int64
    #[arg(long, value_name = "FILE.npy")]
    labels: Option<PathBuf>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let table = run.config.data.table.as_ref();
    let path = match &arguments.output {
        Some(path) => {
            let formats = if table.is_some() { ["csv", "npy"] } else { ["png", "npy"] };
            check("--output", path, &formats, arguments.force)?;
            path.clone()
        }
        None if table.is_some() => run.dir.join("decoded.csv"),
        None => picture_of_run(&run.dir, "decoded.png")?,
    };
    let model = &run.config.model;
    let z = latents(&arguments.latents, model.latent)?;
    let labels = labels(&arguments, &run, z.len() / model.latent)?;
    let images = arguments.run.codec(&run)?.decode(&z, labels.as_deref())?;
    if let Some(table) = table {
        write_rows(&path, table, &images, labels.as_deref().map(|labels| (labels, &run.config.data.class_names[..])))?;
        return result!("{}", path.display());
    }
    match has_extension(&path, "npy") {
        true => npy::write(&path, &run.config.data.shape(z.len() / model.latent), &images)?,
        false => save_png(&path, &Size::of_run(&run).sheet().render(&images)?)?,
    }
    result!("{}", path.display())
}

/// The latents in a file, codes of eight bits restored.
fn latents(path: &Path, latent: usize) -> Result<Vec<f32>> {
    match npy::read_latents(path, latent)? {
        Latents::Floats(values) => Ok(values),
        Latents::Bytes(codes) => {
            let (low, high) = npy::read_range(&range_beside(path), latent)?;
            Ok(Quantised { codes, low, high }.restore())
        }
    }
}

/// The label of each image, where the model has classes.
fn labels(arguments: &Arguments, run: &Run, count: usize) -> Result<Option<Vec<u8>>> {
    let model = &run.config.model;
    let label = arguments.label.as_deref().map(|label| class(run, label)).transpose()?;
    let refused = |label: usize| {
        let classes = model.classes;
        Error::invalid("label", format!("{label} is none of the {classes} classes 0 to {}", classes - 1))
    };
    match (model.kind.is_conditional(), label, &arguments.labels) {
        (false, None, None) => Ok(None),
        (false, ..) => Err(Error::invalid("--label", "only a CVAE decodes with labels, and this run is none")),
        (true, None, None) => Err(Error::invalid("--label", "a CVAE decodes with labels: give --label or --labels")),
        (true, Some(label), _) if label >= model.classes => Err(refused(label)),
        (true, Some(label), _) => Ok(Some(vec![label as u8; count])),
        (true, None, Some(path)) => npy::read_labels(path, count).map(Some),
    }
}
