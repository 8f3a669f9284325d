//! Options of tables: which columns, how they are scaled, what is done about missing values.

use super::{model::named, output::has_extension};
use crate::{
    Error, Result,
    data::{Division, Images, Missing, Reading, Recipe, Scale, rows_f32},
    files::write_atomically,
    interop::npy,
    model::{Color, class_name},
    network::Codec,
};
use clap::Args;
use std::path::{Path, PathBuf};

/// How a table is read for training.
#[derive(Args)]
pub struct TableOptions {
    /// Train on these columns of a table alone, by name or, where it has no header, by number
    #[arg(long, value_delimiter = ',', value_name = "A,B,…", conflicts_with = "except")]
    columns: Vec<String>,
    /// Train on all columns of a table but these
    #[arg(long, value_delimiter = ',', value_name = "A,B,…")]
    except: Vec<String>,
    /// The column of a table that holds labels, names or numbers, or for a .npy a file of labels [default: a column called
    /// `label`, if any]
    #[arg(long, value_name = "COLUMN|FILE.npy")]
    labels: Option<String>,
    /// How the columns of a table are scaled: to mean 0 and deviation 1, or to 0 to 1, of the training rows, or not at all. What looks
    /// like images is a table with it [default: standard]
    #[arg(long, value_name = "NAME", value_parser = named(Scale::ALL, Scale::name))]
    scale: Option<Scale>,
    /// What is done about missing and infinite values of a table: the column's mean stands in for them, or their rows are left out
    /// [default: they are an error]
    #[arg(long, value_name = "NAME", value_parser = named(Missing::ALL, Missing::name))]
    missing: Option<Missing>,
    /// Leave out pictures in files that cannot be read, and name them
    #[arg(long)]
    skip_bad: bool,
    /// Make pictures in files gray, or take them in colour [default: gray]
    #[arg(long, value_name = "NAME", value_parser = named(Color::ALL, Color::name))]
    color: Option<Color>,
    /// Scale pictures in files to W x H pixels, or N x N [default: they are all of one size]
    #[arg(long, value_name = "WxH|N", value_parser = size)]
    size: Option<[usize; 2]>,
    /// Set this share of data that come in one part apart for the test; 0: train on all, and test on the same [default: a seventh]
    #[arg(long, value_name = "X", conflicts_with = "test")]
    test_share: Option<f64>,
    /// Train on all of --data, and test on this file or folder
    #[arg(long, value_name = "PATH")]
    test: Option<PathBuf>,
}

impl TableOptions {
    /// How data that come in one part are divided.
    pub fn division(&self) -> Division {
        match (&self.test, self.test_share) {
            (Some(path), _) => Division::File(path.clone()),
            (None, Some(share)) => Division::Share(share),
            (None, None) => Division::Seventh,
        }
    }

    /// What is asked for.
    pub fn reading(&self) -> Reading {
        Reading {
            columns: self.columns.clone(),
            except: self.except.clone(),
            labels: self.labels.clone(),
            scale: self.scale,
            missing: self.missing.unwrap_or_default(),
            skip_bad: self.skip_bad,
            color: self.color,
            size: self.size,
            ..Reading::default()
        }
    }
}

/// How a table of new rows is read: with the run's columns and scales.
#[derive(Args)]
pub struct NewRowOptions {
    /// The column of a new table that holds labels, or for a .npy a file of labels [default: the run's column, or one called
    /// `label`, if any]
    #[arg(long, value_name = "COLUMN|FILE.npy", requires = "data")]
    pub labels: Option<String>,
    /// What is done about missing and infinite values of a new table: mean or drop [default: as in the run]
    #[arg(long, value_name = "NAME", requires = "data", value_parser = named(Missing::ALL, Missing::name))]
    pub missing: Option<Missing>,
    /// Leave out new pictures in files that cannot be read, and name them
    #[arg(long, requires = "data")]
    pub skip_bad: bool,
    /// Scale new pictures in files to W x H pixels, or N x N [default: as in the run]
    #[arg(long, value_name = "WxH|N", requires = "data", value_parser = size)]
    pub size: Option<[usize; 2]>,
}

/// `[height, width]` of `32x24` or, for a square, of `32`.
fn size(text: &str) -> std::result::Result<[usize; 2], String> {
    let (width, height) = text.split_once('x').unwrap_or((text, text));
    let side = |text: &str| text.parse::<u32>().ok().filter(|&side| side > 0).map(|side| side as usize);
    side(height).zip(side(width)).map(|(height, width)| [height, width]).ok_or("expected WxH or N, in pixels".into())
}

/// Writes rows as a model gives them, `[rows, columns]`, in the units of its table: to a `.npy` of float64, or to a `.csv` with a header
/// and, where the rows have labels, the name of the class in front.
pub fn write_rows(path: &Path, table: &Recipe, rows: &[f32], labels: Option<(&[u8], &[String])>) -> Result<()> {
    let (values, width) = (table.undo(rows), table.columns.len());
    if has_extension(path, "npy") {
        return npy::write(path, &[rows.len() / width, width], &values);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "numbers and names, written to memory";
    let header = labels.map(|_| "label").into_iter().chain(table.columns.iter().map(String::as_str));
    writer.write_record(header).expect(in_memory);
    for (row, values) in values.chunks(width).enumerate() {
        let label = labels.map(|(labels, names)| class_name(names, labels[row] as usize));
        let values = values.iter().zip(&table.spread).map(|(&value, &spread)| number(value, spread));
        writer.write_record(label.into_iter().chain(values)).expect(in_memory);
    }
    write_atomically(path, &writer.into_inner().expect(in_memory))
}

/// A value with as many decimals as float32 has of its column, which has this `spread`.
fn number(value: f64, spread: f64) -> String {
    let decimals = (6.0 - spread.log10().floor()).clamp(0.0, 17.0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => match text.trim_end_matches('0').trim_end_matches('.') {
            "-0" => "0".into(),
            text => text.into(),
        },
        false => text,
    }
}

/// Writes rows of a table and what a model restores of them from the mean of z to a `.csv`: a line per value, in the units of the table,
/// and how far it is restored from where it was, in those the model sees.
pub fn write_pairs(path: &Path, codec: &Codec, table: &Recipe, images: &Images, indices: &[usize]) -> Result<()> {
    if let Some(index) = indices.iter().find(|&&index| index >= images.split.count) {
        let problem = format!("{index} is past the {} rows, 0 to {}", images.split.count, images.split.count - 1);
        return Err(Error::invalid("--images", problem));
    }
    let labels = images.split.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect::<Vec<u8>>());
    let seen = rows_f32(images.split, images.pixels(), indices);
    let restored = codec.reconstruct(&seen, labels.as_deref())?;
    let (values, again) = (table.undo(&seen), table.undo(&restored));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "numbers and names, written to memory";
    writer.write_record(["index", "name", "column", "value", "restored", "difference"]).expect(in_memory);
    for (place, &index) in indices.iter().enumerate() {
        for (column, name) in table.columns.iter().enumerate() {
            let at = place * table.columns.len() + column;
            let difference = f64::from(restored[at] - seen[at]).to_string();
            let [value, again] = [&values, &again].map(|values| number(values[at], table.spread[column]));
            let cells = [index.to_string(), images.split.names.of(index), name.clone(), value, again, difference];
            writer.write_record(&cells).expect(in_memory);
        }
    }
    write_atomically(path, &writer.into_inner().expect(in_memory))
}
