//! `wgvae devices`

use super::print_json;
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
        print_json(&lines);
        return Ok(());
    }
    for Line { adapter, auto } in &lines {
        println!(
            "{}{} {} ({}, {})",
            adapter.index,
            if *auto { "*" } else { " " },
            adapter.name,
            adapter.kind,
            adapter.backend
        );
        println!("     driver               {}", adapter.driver);
        println!("     largest buffer       {} MiB", adapter.max_binding_bytes >> 20);
        println!(
            "     workgroup            {} invocations, {} KiB",
            adapter.max_invocations,
            adapter.max_workgroup_bytes >> 10
        );
        println!(
            "     subgroups            {} to {} invocations",
            adapter.subgroup_sizes[0], adapter.subgroup_sizes[1]
        );
        println!("     optional features    {}", adapter.features.join(", "));
        let edges: Vec<String> = adapter.matrix_edges.iter().map(|edge| format!("{edge} x {edge}")).collect();
        match &edges[..] {
            [] => println!("     mixed precision      none, for want of cooperative matrices of f16 with sums in f32"),
            edges => println!("     mixed precision      by cooperative matrices of {}", edges.join(" and ")),
        }
    }
    match chosen {
        Some(index) => {
            println!("\n--device auto takes {index}: hardware goes before software, and a discrete card first.")
        }
        None => println!(
            "no adapter found: --device auto takes the f64 oracle. For a GPU, install a Vulkan driver \
             (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)."
        ),
    }
    Ok(())
}
