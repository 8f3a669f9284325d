//! `wgvae shader`

use super::print::{result, to_stdout};
use crate::{Error, Result, gpu::Spec, kernels};
use std::collections::HashMap;

#[derive(clap::Args)]
pub struct Arguments {
    /// The kernel, as the command lists it without a name
    #[arg(value_name = "NAME")]
    name: Vec<String>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    if arguments.name.is_empty() {
        return kernels::all().try_for_each(|spec| result!("{}", spec.name));
    }
    to_stdout(format_args!("{}", linked(find(&arguments.name.join(" "))?)))
}

/// The kernel called `name`.
fn find(name: &str) -> Result<&'static Spec> {
    kernels::all().find(|spec| spec.name == name).ok_or_else(|| {
        let nearest = kernels::all().min_by_key(|spec| strsim::levenshtein(&spec.name, name));
        let nearest = nearest.map_or("", |spec| &spec.name);
        Error::invalid("NAME", format!("no kernel is called {name:?}; the nearest is {nearest:?}"))
    })
}

/// The whole shader, each part behind a comment that says where it is from, and where it begins in the text that drivers are
/// given, whose line numbers their errors tell.
fn linked(spec: &Spec) -> String {
    let (mut begins, mut line) = (HashMap::new(), 1);
    for source in &spec.sources {
        begins.insert(source.file, line);
        line += source.text.matches('\n').count() + 1; // and one that joins it to the next
    }
    spec.shader_of(|source| {
        format!("// shaders/{}:1 is line {} of what is compiled\n{}", source.file, begins[source.file], source.text)
    })
}
