//! `wgvae split`

use super::{
    options::DataDir,
    output::check,
    print::{result, to_stdout},
};
use crate::{Result, files::write_atomically, model::class_name, run::Run};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Directory of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    #[command(flatten)]
    dir: DataDir,
    /// Write the CSV to FILE [default: standard output]: a line per row of the data, with its part (train or test), its index
    /// there, what names it in the source, and its label
    #[arg(short, long, value_name = "FILE.csv")]
    output: Option<PathBuf>,
    /// Replace FILE where it exists
    #[arg(long, requires = "output")]
    force: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    if let Some(path) = &arguments.output {
        check("--output", path, &["csv"], arguments.force)?;
    }
    let data = arguments.dir.open(&run)?;
    let in_memory = "numbers and names, written to memory";
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["split", "index", "name", "label"]).expect(in_memory);
    for images in [data.train_images(), data.test_images()] {
        let split = images.split;
        for index in 0..split.count {
            let label = split.labels.as_ref().map(|labels| class_name(images.class_names, labels[index] as usize));
            let cells =
                [images.subset.word().into(), index.to_string(), split.names.of(index), label.unwrap_or_default()];
            writer.write_record(&cells).expect(in_memory);
        }
    }
    let table = writer.into_inner().expect(in_memory);
    match &arguments.output {
        Some(path) => {
            write_atomically(path, &table)?;
            result!("{}", path.display())
        }
        None => to_stdout(format_args!("{}", String::from_utf8_lossy(&table))),
    }
}
