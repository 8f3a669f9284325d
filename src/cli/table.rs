//! Options of tables: which columns, how they are scaled, what is done about missing values.

use super::{model::named, output::has_extension};
use crate::{
    Result,
    data::{Missing, Reading, Recipe, Scale, class_name},
    files::write_atomically,
    interop::npy,
};
use clap::Args;
use std::path::Path;

/// How a table is read for training.
#[derive(Args)]
pub struct TableOptions {
    /// Train on these columns of a table alone, by name or, where it has no header, by number
    #[arg(long, value_delimiter = ',', value_name = "A,B,…", conflicts_with = "except")]
    columns: Vec<String>,
    /// Train on all columns of a table but these
    #[arg(long, value_delimiter = ',', value_name = "A,B,…")]
    except: Vec<String>,
    /// The column of a table that holds labels, names or numbers [default: one called `label`, if any]
    #[arg(long, value_name = "COLUMN")]
    labels: Option<String>,
    /// How the columns of a table are scaled: to mean 0 and deviation 1, or to 0 to 1, of the training rows, or not at all. What looks
    /// like images is a table with it [default: standard]
    #[arg(long, value_name = "NAME", value_parser = named(Scale::ALL, Scale::name))]
    scale: Option<Scale>,
    /// What is done about missing and infinite values of a table: the column's mean stands in for them, or their rows are left out
    /// [default: they are an error]
    #[arg(long, value_name = "NAME", value_parser = named(Missing::ALL, Missing::name))]
    missing: Option<Missing>,
}

impl TableOptions {
    /// What is asked for.
    pub fn reading(&self) -> Reading {
        Reading {
            columns: self.columns.clone(),
            except: self.except.clone(),
            labels: self.labels.clone(),
            scale: self.scale,
            missing: self.missing.unwrap_or_default(),
            ..Reading::default()
        }
    }
}

/// How a table of new rows is read: with the run's columns and scales.
#[derive(Args)]
pub struct NewRowOptions {
    /// The column of a new table that holds labels [default: the run's, or one called `label`, if any]
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub labels: Option<String>,
    /// What is done about missing and infinite values of a new table: mean or drop [default: as in the run]
    #[arg(long, value_name = "NAME", requires = "data", value_parser = named(Missing::ALL, Missing::name))]
    pub missing: Option<Missing>,
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
        writer.write_record(label.into_iter().chain(values.iter().map(f64::to_string))).expect(in_memory);
    }
    write_atomically(path, &writer.into_inner().expect(in_memory))
}
