//! `wgvae train` and `wgvae bench` under `mpirun`: several processes, of which the first writes and prints; all end where one fails.

use super::{
    Failure,
    options::DeviceOptions,
    print::{progress, silence},
};
use crate::{
    Error, Result,
    data::table::shown,
    device::{Choice, Device},
    gpu::{Tilings, adapters, best},
    peers::{Joined, Peers},
};

/// Runs `work` with the processes that were started together with this one. Where it fails the process that knows why says so and ends
/// all, at once: some may wait for a sum to which it will not come.
pub fn among(work: impl FnOnce(Peers) -> Result<(), Failure>) -> Result<(), Failure> {
    let joined = Joined::join()?;
    if !joined.peers.is_first() {
        silence();
    }
    match work(joined.peers) {
        Err(failure) if !joined.peers.is_alone() && !matches!(failure.error, Error::Elsewhere { .. }) => {
            failure.tell();
            joined.abort(failure.status)
        }
        done => done, // one that has failed elsewhere waits in MPI, as `joined` is dropped, until that process ends it
    }
}

/// The device of this process, number `number` of `of` on its machine: where no device was named, each takes the next of the best
/// adapters there.
pub fn device(asked: &DeviceOptions, default: Choice, [number, of]: [usize; 2]) -> DeviceOptions {
    let choice = match (&asked.device, default) {
        (Some(choice @ (Choice::Cpu | Choice::Index(_))), _) => choice.clone(),
        (None, Choice::Cpu) => Choice::Cpu,
        (None, default) if of == 1 => default,
        (Some(choice), _) if of == 1 => choice.clone(),
        (asked, _) => next_adapter(number, of).or(asked.clone()).unwrap_or_default(),
    };
    DeviceOptions { device: Some(choice), checked: asked.checked }
}

fn next_adapter(number: usize, of: usize) -> Option<Choice> {
    let all = adapters();
    let kind = all[best(&all)?].kind;
    let equals: Vec<usize> = all.iter().filter(|adapter| adapter.kind == kind).map(|adapter| adapter.index).collect();
    if of > equals.len() {
        progress!("device: {of} processes on this machine share {} of kind {kind}", counted(equals.len(), "adapter"));
    }
    Some(Choice::Index(equals[number % equals.len()]))
}

/// Which process works where, in words. All must come to this call.
pub fn places(peers: Peers, device: &Device) -> String {
    let (rank, machine) = (peers.rank(), peers.machine());
    shown(&peers.texts(&match device {
        Device::Gpu(gpu) => format!("{rank} on adapter {} of {machine} ({device})", gpu.adapter().index),
        Device::Oracle => format!("{rank} on the processor of {machine}"),
    }))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The tilings that `find` finds on the first process, for all: measured on each, they would differ by chance.
pub fn tilings(peers: Peers, find: impl FnOnce() -> Result<Option<Tilings>>) -> Result<Option<Tilings>> {
    if peers.is_alone() {
        return find();
    }
    let found = if peers.is_first() { find() } else { Ok(None) };
    let found = serde_json::to_string(&peers.all_or_none(found)?).expect("plain names and numbers");
    Ok(serde_json::from_str(&peers.text_of(0, found)).expect("it was written as JSON just now"))
}
