//! `wgvae sample`

use super::{
    options::{RunOptions, class},
    output::{OutputOptions, has_extension},
    print::{progress, result},
    table::write_rows,
};
use crate::{
    Result,
    gallery::{self, Origin, Samples, Sampling, Size},
    interop::npy,
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    /// Images, or rows of a table, to draw; of a CVAE, of each label [default: 100, of a CVAE 10]
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Draw this class, by name or number; several may be given [default: all] (CVAE)
    #[arg(long, value_delimiter = ',', value_name = "K")]
    label: Vec<String>,
    /// Decides the latents [default: the run's seed]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let table = run.config.data.table.as_ref();
    let path = match table {
        Some(_) => arguments.output.rows(&run.dir, &name(&arguments))?,
        None => arguments.output.picture(&run.dir, &name(&arguments), &["png", "npy"])?,
    };
    let kind = run.config.model.kind;
    let data = if kind.is_variational() { None } else { Some(arguments.run.dir.open(&run)?) };
    let codec = arguments.run.codec(&run)?;
    let origin = Origin::of(&codec, data.as_ref())?;
    let usual = Sampling::sheet(&run.config.model, Size::of_run(&run), arguments.seed.unwrap_or(run.config.seed));
    let options = Sampling {
        count: arguments.count.unwrap_or(usual.count),
        labels: match arguments.label.is_empty() {
            true => usual.labels,
            false => arguments.label.iter().map(|label| class(&run, label)).collect::<Result<_>>()?,
        },
        seed: usual.seed,
    };
    if let Some(table) = table {
        let Samples { rows, labels, .. } = gallery::samples(&codec, &origin, &options)?;
        write_rows(&path, table, &rows, labels.as_deref().map(|labels| (labels, &run.config.data.class_names[..])))?;
    } else if has_extension(&path, "npy") {
        let rows = gallery::samples(&codec, &origin, &options)?.rows;
        npy::write(&path, &run.config.data.shape(rows.len() / run.config.model.input), &rows)?;
    } else {
        gallery::sample(&codec, Size::of_run(&run), &origin, &options)?.save(&path)?;
    }
    progress!("samples: {}", origin.describe());
    result!("{}", path.display())
}

/// `samples-label3-8-seed5` for labels 3 and 8 and seed 5.
fn name(arguments: &Arguments) -> String {
    let mut name = "samples".to_string();
    if !arguments.label.is_empty() {
        name += &format!("-label{}", arguments.label.join("-").replace(['/', '\\', ' '], "_"));
    }
    arguments.seed.map_or(name.clone(), |seed| format!("{name}-seed{seed}"))
}
