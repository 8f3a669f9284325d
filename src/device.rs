//! Where the work is done: on a GPU, or on the f64 oracle.

use crate::{
    Error, Result,
    gpu::{self, AdapterSummary, Gpu, Options},
};
use std::{fmt, str::FromStr, sync::Arc};

/// What `--device` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best adapter; where there is none, the oracle.
    #[default]
    Auto,
    /// The best adapter.
    Gpu,
    /// The oracle.
    Cpu,
    /// The adapter at this place of the list.
    Index(usize),
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Choice> {
        match text {
            "auto" => Ok(Choice::Auto),
            "gpu" => Ok(Choice::Gpu),
            "cpu" => Ok(Choice::Cpu),
            _ => text.parse().map(Choice::Index).map_err(|_| {
                Error::invalid("--device", format!("expected auto, gpu, cpu or an adapter's number, not {text:?}"))
            }),
        }
    }
}

/// Where work runs.
#[derive(Clone)]
pub enum Device {
    /// An open adapter.
    Gpu(Arc<Gpu>),
    /// Plain f64 code on the processor.
    Oracle,
}

impl Device {
    /// The best adapter, hardware before software; the oracle where there is none.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the adapter's driver refuses.
    pub fn best() -> Result<Device> {
        Device::open(&Choice::Auto, Options::default(), &mut |_| {})
    }

    /// Opens what was chosen and says, in one line for people, what it is and why.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] where an adapter was demanded and there is none.
    pub fn open(choice: &Choice, options: Options, report: &mut dyn FnMut(&str)) -> Result<Device> {
        let wanted = match choice {
            Choice::Cpu => {
                report("f64 oracle on the processor, as asked");
                return Ok(Device::Oracle);
            }
            Choice::Index(index) => gpu::AdapterChoice::Index(*index),
            Choice::Auto | Choice::Gpu => gpu::AdapterChoice::Best,
        };
        match Gpu::open(&wanted, options) {
            Ok(gpu) => {
                report(&describe(gpu.adapter()));
                Ok(Device::Gpu(Arc::new(gpu)))
            }
            Err(error @ Error::NoAdapter { .. }) if *choice == Choice::Auto => {
                let hint = error.hint().map(|hint| format!("; for a GPU, {hint}")).unwrap_or_default();
                report(&format!("f64 oracle on the processor: {error}{hint}"));
                Ok(Device::Oracle)
            }
            Err(error) => Err(error),
        }
    }
}

fn describe(adapter: &AdapterSummary) -> String {
    let kind = match adapter.is_software() {
        true => "software: a processor does the work, and --device cpu may do it faster",
        false => adapter.kind,
    };
    format!("{} ({}, {}; {kind})", adapter.name, adapter.backend, adapter.driver)
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Device::Gpu(gpu) => f.write_str(&gpu.adapter().name),
            Device::Oracle => f.write_str("cpu (f64 oracle)"),
        }
    }
}
