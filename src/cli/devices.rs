//! `wgvae devices`

use super::{print::result, print_json};
use crate::{
    Result,
    gpu::{AdapterSummary, adapters, best},
};
use serde::Serialize;

#[derive(clap::Args)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    adapter: AdapterSummary,
    /// Whether `--device auto` takes it.
    auto: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let found = adapters();
    let chosen = best(&found);
    let lines: Vec<Line> =
        found.into_iter().map(|adapter| Line { auto: Some(adapter.index) == chosen, adapter }).collect();
    if arguments.json {
        return print_json(&lines);
    }
    for Line { adapter, auto } in &lines {
        result!(
            "{}{} {} ({}, {})",
            adapter.index,
            if *auto { "*" } else { " " },
            adapter.name,
            adapter.kind,
            adapter.backend
        )?;
        result!("     driver               {}", adapter.driver)?;
        result!("     largest buffer       {} MiB", adapter.max_binding_bytes >> 20)?;
        result!(
            "     workgroup            {} invocations, {} KiB",
            adapter.max_invocations,
            adapter.max_workgroup_bytes >> 10
        )?;
        result!(
            "     subgroups            {} to {} invocations",
            adapter.subgroup_sizes[0],
            adapter.subgroup_sizes[1]
        )?;
        result!("     optional features    {}", adapter.features.join(", "))?;
        let edges: Vec<String> = adapter.matrix_edges.iter().map(|edge| format!("{edge} x {edge}")).collect();
        match &edges[..] {
            [] => result!("     mixed precision      none, for want of cooperative matrices of f16 with sums in f32")?,
            edges => result!("     mixed precision      by cooperative matrices of {}", edges.join(" and "))?,
        }
    }
    match chosen {
        Some(index) => {
            result!("\n--device auto takes {index}: hardware goes before software, and a discrete card first.")
        }
        None => result!(
            "no adapter found: --device auto takes the f64 oracle. For a GPU, install a Vulkan driver \
             (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)."
        ),
    }
}
