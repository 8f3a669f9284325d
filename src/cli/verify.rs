//! `wgvae verify`

use super::{
    options::{PrecisionOptions, parse},
    output::check,
    print::{progress, result},
    print_json,
};
use crate::{
    Error, Result,
    check::{
        fate::{Event, Fate, MutantReport},
        mutants::{Mutation, mutations, run_mutants, select},
        report::KernelReport,
        supervise::supervise,
    },
    device::{Choice, Device},
    files::write_atomically,
    gpu::{self, Gpu, Spec, adapters},
    proofs::{ALL, EQUIVALENT},
    verify::{
        self,
        recorded::recorded,
        replay::replay_gpu,
        steps::{self, ModelReport},
        trace::{Limits, Quantity, Trace, replay_oracle},
    },
    web,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// How long a mutant may run.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(clap::Args)]
pub struct Arguments {
    /// Replay training traces recorded elsewhere, instead of checking the kernels
    #[arg(long, num_args = 1.., value_name = "FILE.safetensors")]
    trace: Vec<PathBuf>,
    /// Write a page to FILE that checks the kernels on the GPU of whoever opens it, instead of checking them here
    #[arg(long, value_name = "FILE.html", conflicts_with_all = ["trace", "mutants", "json"])]
    html: Option<PathBuf>,
    /// Replace FILE where it exists
    #[arg(long, requires = "html")]
    force: bool,
    /// Change every shader one token at a time and demand that the check rejects each change
    #[arg(long, conflicts_with = "trace")]
    mutants: bool,
    /// With --mutants: only every N-th automatic one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), requires = "mutants")]
    sample: u32,
    /// With --mutants: only those of shader files with TEXT in their name
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, requires = "mutants")]
    only: String,
    /// With --mutants: also append the fate of each to FILE as it is known, as one line of JSON
    #[arg(long, value_name = "FILE", requires = "mutants")]
    log: Option<PathBuf>,
    /// With --mutants: run those of these numbers here, and tell the process that asked
    #[arg(long, value_delimiter = ',', requires = "mutants", hide = true)]
    worker: Vec<usize>,
    /// auto or gpu: the best adapter; all: every adapter found; or the number of one in `wgvae devices`; or cpu: the f64 oracle itself,
    /// on traces, without --trace on those that the program carries
    #[arg(long, default_value = "auto", value_name = "auto|gpu|cpu|all|INDEX", value_parser = parse::<Devices>)]
    device: Devices,
    /// Keep WebGPU's runtime checks in the shaders
    #[arg(long)]
    checked: bool,
    #[command(flatten)]
    precision: PrecisionOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone)]
enum Devices {
    All,
    One(Choice),
}

impl FromStr for Devices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Devices> {
        if text == "all" { Ok(Devices::All) } else { text.parse().map(Devices::One) }
    }
}

/// What was found on one device.
#[derive(Serialize)]
struct Verdict {
    ok: bool,
    device: String,
    driver: String,
    kernels: Vec<KernelReport>,
    models: Vec<ModelReport>,
    traces: Vec<TraceVerdict>,
}

#[derive(Serialize)]
struct TraceVerdict {
    file: String,
    ok: bool,
    errors: BTreeMap<String, f64>,
    #[serde(skip)]
    quantities: Vec<Quantity>,
}

pub fn run(arguments: Arguments) -> Result<()> {
    if let Some(path) = &arguments.html {
        check("--html", path, &["html"], arguments.force)?;
        write_atomically(path, web::verifier(ALL.iter(), recorded())?.as_bytes())?;
        return result!("{}", path.display());
    }
    let devices = match &arguments.device {
        Devices::One(choice) => {
            // Without runtime checks a mutant could write anywhere.
            let precision = arguments.precision.precision;
            let options =
                gpu::Options { checked: arguments.checked || arguments.mutants, precision, ..Default::default() };
            let quiet = !arguments.worker.is_empty();
            vec![Device::open(choice, options, &mut |line| {
                if !quiet {
                    progress!("device: {line}")
                }
            })?]
        }
        Devices::All if arguments.mutants => return Err(Error::invalid("--device", "mutants run on one adapter")),
        Devices::All => every_adapter(&arguments)?,
    };
    // of several adapters, each does what it can, and one must be able to
    if let Err(lacking) = arguments.precision.check(&devices[0])
        && devices[1..].iter().all(|device| arguments.precision.check(device).is_err())
    {
        return Err(lacking);
    }
    if arguments.mutants {
        return mutants(&devices[0], &arguments);
    }
    let verdicts: Vec<Verdict> = devices.iter().map(|device| judge(device, &arguments)).collect::<Result<_>>()?;
    if arguments.json {
        match &verdicts[..] {
            [one] => print_json(one)?,
            several => print_json(&several)?,
        }
    }
    match verdicts.iter().all(|verdict| verdict.ok) {
        true => Ok(()),
        false => Err(Error::CheckFailed("not everything is within its limits".into())),
    }
}

fn every_adapter(arguments: &Arguments) -> Result<Vec<Device>> {
    let found = adapters();
    if found.is_empty() {
        return Err(Error::NoAdapter { problem: "no Vulkan, Metal or DX12 adapter found".into() });
    }
    let options = gpu::Options {
        checked: arguments.checked,
        precision: arguments.precision.precision,
        ..gpu::Options::default()
    };
    let open = |index| Gpu::open(&gpu::AdapterChoice::Index(index), options);
    found.iter().map(|adapter| Ok(Device::Gpu(Arc::new(open(adapter.index)?)))).collect()
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

fn judge(device: &Device, arguments: &Arguments) -> Result<Verdict> {
    let spinner = spinner();
    let (mut kernels, mut models, mut driver) = (Vec::new(), Vec::new(), String::new());
    if let Device::Gpu(gpu) = device {
        driver.clone_from(&gpu.adapter().driver);
    }
    let named = || arguments.trace.iter().map(|file| Trace::load(file)).collect::<Result<Vec<_>>>();
    if let (Device::Gpu(gpu), true) = (device, arguments.trace.is_empty()) {
        let report = verify::kernels(gpu, |name| spinner.set_message(name.to_string()))?;
        spinner.set_message("whole steps");
        models = steps::models(gpu)?;
        spinner.finish_and_clear();
        if !arguments.json {
            result!("{report}")?;
            for ModelReport { model, compared, relative_error, limit, ok } in &models {
                let mark = if *ok { "" } else { "  FAILED" };
                result!(
                    "two steps of the {model}: {compared} change as the oracle's to {relative_error:.1e} of {limit:e}{mark}"
                )?;
            }
        }
        kernels = report.kernels;
    }
    let replayed = match device {
        Device::Oracle if arguments.trace.is_empty() => recorded().collect(), // it has no kernels to check
        _ => named()?,
    };
    let mut traces = Vec::new();
    for trace in replayed {
        spinner.set_message(trace.path.display().to_string());
        let (replay, limits) = match device {
            Device::Gpu(gpu) => (replay_gpu(gpu, &trace)?, Limits::of(gpu.precision())),
            Device::Oracle => (replay_oracle(&trace)?, Limits::ORACLE),
        };
        let quantities = trace.compare(&replay, limits)?;
        let verdict = TraceVerdict {
            file: trace.path.display().to_string(),
            ok: quantities.iter().all(Quantity::ok),
            errors: quantities.iter().map(|quantity| (quantity.name.clone(), quantity.relative_error)).collect(),
            quantities,
        };
        if !arguments.json {
            let print = if arguments.trace.is_empty() { print_summary } else { print_trace };
            spinner.suspend(|| print(&verdict))?;
        }
        traces.push(verdict);
    }
    spinner.finish_and_clear();
    let ok = kernels.iter().all(|kernel| kernel.ok)
        && models.iter().all(|model| model.ok)
        && traces.iter().all(|trace| trace.ok);
    Ok(Verdict { ok, device: device.to_string(), driver, kernels, models, traces })
}

/// A line about a trace that nobody named.
fn print_summary(verdict: &TraceVerdict) -> Result<()> {
    let share = |quantity: &Quantity| quantity.relative_error / quantity.limit;
    let worst = verdict.quantities.iter().map(share).fold(0.0, f64::max);
    let mark = if verdict.ok { "" } else { "  FAILED" };
    result!(
        "{:<28} {:>3} quantities, the worst at {worst:.3} of its limit{mark}",
        verdict.file,
        verdict.quantities.len()
    )
}

fn print_trace(verdict: &TraceVerdict) -> Result<()> {
    result!("{}", verdict.file)?;
    result!("{:<34} {:>14}  {:>8}", "quantity", "relative error", "limit")?;
    for quantity in &verdict.quantities {
        let mark = if quantity.ok() { "" } else { "  FAILED" };
        result!("{:<34} {:>14.2e}  {:>8.0e}{mark}", quantity.name, quantity.relative_error, quantity.limit)?;
    }
    let words = if verdict.ok { "all within their limits" } else { "NOT all within their limits" };
    result!("{} quantities: {words}\n", verdict.quantities.len())
}

fn mutants(device: &Device, arguments: &Arguments) -> Result<()> {
    let Device::Gpu(gpu) = device else {
        return Err(Error::invalid("--device", "mutants are of shaders: name an adapter"));
    };
    let all = mutations(&ALL)?;
    if !arguments.worker.is_empty() {
        return work(gpu, &all, &arguments.worker);
    }
    let asked = |spec: &&Spec| spec.sources.iter().any(|source| source.file.contains(&arguments.only));
    let idle = ALL.iter().map(|proof| proof.spec).filter(|spec| !gpu.runs(spec)).filter(asked);
    let idle: Vec<&str> = idle.map(|spec| spec.name.as_str()).collect();
    if !idle.is_empty() {
        progress!("left out, for want of subgroups or cooperative matrices: {}", idle.join("; "));
    }
    let numbers = select(gpu, &ALL, &all, arguments.sample as usize, &arguments.only);
    if numbers.is_empty() {
        return Err(Error::invalid(
            "--only",
            format!("no shader file that runs here has {:?} in its name", arguments.only),
        ));
    }
    let program = std::env::current_exe().map_err(Error::io("find", Path::new("wgvae")))?;
    let mut log = arguments.log.as_deref().map(|path| open_log(path).map(|file| (path, file))).transpose()?;
    let (bar, mut report) = (bar(numbers.len()), MutantReport::default());
    let command = |numbers: &[usize]| worker(&program, gpu, numbers);
    supervise(&numbers, PATIENCE, command, |number, fate, killer| {
        let outcome = all[number].outcome(fate, killer, EQUIVALENT);
        if let Some((path, file)) = &mut log {
            let line = serde_json::to_string(&outcome).expect("an outcome is plain data");
            writeln!(file, "{line}").map_err(Error::io("write", path))?;
        }
        bar.set_message(format!("{} {}", outcome.of, outcome.change));
        bar.inc(1);
        if outcome.unexplained() || outcome.fate == Fate::Crashed {
            bar.suspend(|| progress!("{outcome}"));
        }
        if bar.is_hidden() && bar.position() % 100 == 0 {
            progress!("{} of {} mutants", bar.position(), numbers.len());
        }
        report.add(all[number].hand_written(), outcome);
        Ok(())
    })?;
    bar.finish_and_clear();
    match arguments.json {
        true => print_json(&report),
        false => result!("{report}"),
    }?;
    match report.ok() {
        true => Ok(()),
        false => Err(Error::CheckFailed("too many mutants survive".into())),
    }
}

/// This program, on these mutants.
fn worker(program: &Path, gpu: &Gpu, numbers: &[usize]) -> Command {
    let numbers = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let mut command = Command::new(program);
    command.args(["verify", "--mutants", "--worker", &numbers]);
    command.args(["--device", &gpu.adapter().index.to_string(), "--precision", &gpu.precision().to_string()]);
    // Mesa's compiler without its optimizations: each mutant runs once, and compiling it takes most of the time
    if std::env::var_os("GALLIVM_PERF").is_none() {
        command.env("GALLIVM_PERF", "nopt");
    }
    command
}

/// Runs mutants for the process that started this one. A lost device ends it, which counts as a crash.
fn work(gpu: &Gpu, all: &[Mutation], numbers: &[usize]) -> Result<()> {
    // the process that reads this ends the worker where it ends itself
    let tell = |event: Event| drop(result!("{}", serde_json::to_string(&event).expect("an event is plain data")));
    match run_mutants(gpu, &ALL, all, numbers, tell) {
        Err(Error::CheckFailed(problem)) => tell(Event::Failed(problem)),
        other => return other,
    }
    Ok(())
}

fn open_log(path: &Path) -> Result<File> {
    File::options().create(true).append(true).open(path).map_err(Error::io("open", path))
}

fn bar(mutants: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("[{bar:30}] {pos}/{len}  ETA {eta}  {wide_msg}").expect("a constant template");
    ProgressBar::new(mutants as u64).with_style(style.progress_chars("=> "))
}
