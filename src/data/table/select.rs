//! Which columns of a file a model sees, and which one holds the labels.

use std::path::Path;

use super::{Reading, shown};
use crate::{Error, Result};

/// Columns of a file, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// What a model sees, in its order.
    pub features: Vec<usize>,
    /// The labels.
    pub labels: Option<usize>,
}

impl Selection {
    /// What `reading` makes of a file with these columns.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a name that no column has, or two have, and where no column is left.
    pub fn new(path: &Path, names: &[String], reading: &Reading) -> Result<Selection> {
        let wrong = |problem: String| Error::malformed(path, problem);
        let find = |option: &str, name: &String| {
            let mut found = names.iter().enumerate().filter(|(_, other)| *other == name).map(|(i, _)| i);
            match (found.next(), found.next()) {
                (Some(i), None) => Ok(i),
                (Some(_), Some(_)) => Err(wrong(format!("two columns are called {name}, which {option} names"))),
                (None, _) => {
                    Err(wrong(format!("{option} names {name}, which is none of its columns: {}", shown(names))))
                }
            }
        };
        let labels = match (&reading.labels, &reading.run_labels) {
            (Some(name), _) => Some(find("--labels", name)?),
            (None, Some(own)) if names.contains(own) => Some(find("the run", own)?),
            _ => names.iter().position(|name| name.eq_ignore_ascii_case("label")),
        };
        let wanted =
            |option, columns: &[String]| columns.iter().map(|name| find(option, name)).collect::<Result<Vec<usize>>>();
        let features = match &reading.recipe {
            Some(recipe) => wanted("the run", &recipe.columns)?,
            None if !reading.columns.is_empty() => wanted("--columns", &reading.columns)?,
            None => {
                let except = wanted("--except", &reading.except)?;
                (0..names.len()).filter(|i| Some(*i) != labels && !except.contains(i)).collect()
            }
        };
        match labels {
            Some(i) if reading.recipe.is_none() && features.contains(&i) => {
                Err(wrong(format!("column {} is asked for as labels and as a value", names[i])))
            }
            _ if features.is_empty() => Err(wrong("no column of numbers is left".into())),
            _ => Ok(Selection { features, labels }),
        }
    }
}
