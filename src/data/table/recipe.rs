//! How the columns of a table become what a model sees, and how that is undone.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Table;
use crate::model::Seen;
use crate::{Error, Result};

/// How a column of real values is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// It is not.
    None,
    /// Its mean over the training rows becomes 0 and its standard deviation 1.
    #[default]
    Standard,
    /// Its least value in the training rows becomes 0 and its greatest 1.
    Unit,
}

impl Scale {
    /// Every scale.
    pub const ALL: [Scale; 3] = [Scale::None, Scale::Standard, Scale::Unit];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Scale::None => "none",
            Scale::Standard => "standard",
            Scale::Unit => "unit",
        }
    }
}

/// What is done about values that are missing or not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// The column's mean over the training rows stands in for them.
    Mean,
    /// Their rows are left out.
    Drop,
}

impl Missing {
    /// What a user can ask for.
    pub const ALL: [Missing; 2] = [Missing::Mean, Missing::Drop];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Missing::Refuse => "refuse",
            Missing::Mean => "mean",
            Missing::Drop => "drop",
        }
    }

    fn is_refuse(&self) -> bool {
        *self == Missing::Refuse
    }
}

/// What a model sees of a table: `(value − shift) / spread` of each column, fitted on the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// How columns are scaled.
    pub scale: Scale,
    /// What is done about missing values.
    #[serde(default, skip_serializing_if = "Missing::is_refuse")]
    pub missing: Missing,
    /// Names of the columns, in the order that the model sees them.
    pub columns: Vec<String>,
    /// Mean of each column over the training rows, without missing values.
    pub means: Vec<f64>,
    /// What is subtracted from each column.
    pub shift: Vec<f64>,
    /// What each column is divided by then; 1 for a constant one.
    pub spread: Vec<f64>,
}

/// Mean, standard deviation, least and greatest value of a column; of missing and infinite values nothing.
#[derive(Clone, Copy)]
struct Summary {
    count: f64,
    mean: f64,
    deviation: f64,
    least: f64,
    greatest: f64,
}

impl Summary {
    const EMPTY: Summary =
        Summary { count: 0.0, mean: 0.0, deviation: 0.0, least: f64::INFINITY, greatest: f64::NEG_INFINITY };

    /// Those of all columns over the rows `train`, which are gone through twice.
    fn of(table: &Table, train: &[u32]) -> Result<Vec<Summary>> {
        let width = table.columns.len();
        let mut columns = vec![Summary::EMPTY; width];
        let each = |columns: &mut Vec<Summary>, add: fn(&mut Summary, f64)| {
            table.values.each(train.iter().map(|&i| i as usize), width, |_, j, value| {
                if value.is_finite() {
                    add(&mut columns[j], value);
                }
            })
        };
        each(&mut columns, |column, value| {
            column.count += 1.0;
            column.mean += value;
            column.least = column.least.min(value);
            column.greatest = column.greatest.max(value);
        })?;
        columns.iter_mut().for_each(|column| column.mean /= column.count);
        each(&mut columns, |column, value| column.deviation += (value - column.mean).powi(2))?;
        columns.iter_mut().for_each(|column| column.deviation = (column.deviation / column.count).sqrt());
        Ok(columns)
    }

    fn is_constant(&self) -> bool {
        self.least == self.greatest
    }
}

impl Recipe {
    /// Fits the columns of a table to its rows `train`. The names of constant columns come with it: they are kept, and become 0 under
    /// [`Scale::Standard`] and [`Scale::Unit`].
    ///
    /// # Errors
    /// [`Error::Malformed`] for two columns of one name, a column without any value, and one too large to be scaled in float32.
    pub fn fit(table: &Table, train: &[u32], scale: Scale, missing: Missing) -> Result<(Recipe, Vec<String>)> {
        let count = table.columns.len();
        let mut recipe = Recipe {
            scale,
            missing,
            columns: table.columns.clone(),
            means: Vec::with_capacity(count),
            shift: Vec::with_capacity(count),
            spread: Vec::with_capacity(count),
        };
        let mut constant = Vec::new();
        let mut seen = HashSet::new();
        if let Some(name) = table.columns.iter().find(|name| !seen.insert(*name)) {
            let problem =
                format!("two columns are called {name}, and new rows are found by name: rename one, or take --except");
            return Err(Error::malformed(&table.path, problem));
        }
        for (name, summary) in table.columns.iter().zip(Summary::of(table, train)?) {
            if summary.count == 0.0 {
                let problem =
                    format!("column {name} has no value in the training rows: leave it out with --except {name}");
                return Err(Error::malformed(&table.path, problem));
            }
            let (shift, spread) = match scale {
                Scale::None => (0.0, 1.0),
                Scale::Standard => (summary.mean, summary.deviation),
                Scale::Unit => (summary.least, summary.greatest - summary.least),
            };
            let spread = if summary.is_constant() { 1.0 } else { spread };
            let of_unit = [summary.least, summary.greatest].map(|value| ((value - shift) / spread) as f32);
            if !spread.is_normal() || of_unit.iter().any(|value| !value.is_finite()) {
                let problem = format!(
                    "column {name} goes from {:e} to {:e}, which float32 cannot hold with --scale {}",
                    summary.least,
                    summary.greatest,
                    scale.name()
                );
                return Err(Error::malformed(&table.path, problem));
            }
            recipe.means.push(summary.mean);
            recipe.shift.push(shift);
            recipe.spread.push(spread);
            constant.extend(summary.is_constant().then(|| name.clone()));
        }
        Ok((recipe, constant))
    }

    /// What a model sees of `values`, `[rows, columns]`; a mean stands in for each value that is not finite.
    pub fn apply(&self, values: &[f64]) -> Vec<f32> {
        let columns = self.means.iter().zip(&self.shift).zip(&self.spread).cycle();
        let seen = |(&value, ((mean, shift), spread)): (&f64, ((&f64, &f64), &f64))| {
            ((if value.is_finite() { value } else { *mean } - shift) / spread) as f32
        };
        values.iter().zip(columns).map(seen).collect()
    }

    /// The same of values that stay in their file.
    pub fn seen(&self) -> Seen {
        Seen::Scaled { means: self.means.clone(), shift: self.shift.clone(), spread: self.spread.clone() }
    }

    /// The values in the units of the table that a model's `seen`, `[rows, columns]`, stand for.
    pub fn undo(&self, seen: &[f32]) -> Vec<f64> {
        let columns = self.shift.iter().zip(&self.spread).cycle();
        seen.iter().zip(columns).map(|(&value, (shift, spread))| shift + spread * f64::from(value)).collect()
    }

    /// Checks that every column has its numbers, and that they can be used.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the first that cannot.
    pub fn validate(&self, columns: usize) -> Result<()> {
        let wrong = |problem: String| Err(Error::invalid("data.table", problem));
        for (what, count) in [
            ("columns", self.columns.len()),
            ("means", self.means.len()),
            ("shift", self.shift.len()),
            ("spread", self.spread.len()),
        ] {
            if count != columns {
                return wrong(format!("has {count} {what}, but the model takes {columns}"));
            }
        }
        let usable = |j: usize| {
            self.means[j].is_finite() && self.shift[j].is_finite() && self.spread[j].is_normal() && self.spread[j] > 0.0
        };
        match (0..columns).find(|&j| !usable(j)) {
            Some(j) => wrong(format!("column {} has a mean, shift or spread that cannot be used", self.columns[j])),
            None => Ok(()),
        }
    }
}
