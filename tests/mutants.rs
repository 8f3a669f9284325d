//! The check rejects changed shaders: all hand-written mutants, and a sample of the automatic ones that is always the same.
//! What crashes the driver is counted, and only what does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Command, time::Duration};
use wgvae::{
    Result,
    check::{
        fate::{Event, Fate, MutantReport, Outcome},
        mutants::{Mutation, run_mutants},
        supervise::supervise,
        wgsl::Edit,
    },
    gpu::{AdapterChoice, Gpu, Options},
    kernels, proofs,
};

/// Every so many-th automatic mutant is run; `wgvae verify --mutants` runs all.
const SAMPLE: &str = "97";

#[test]
fn mutants_are_killed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    let output =
        command.args(["verify", "--mutants", "--json", "--device", "gpu", "--sample", SAMPLE]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: MutantReport = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    println!("{report}");
    assert!(output.status.success(), "{said}");
    assert!(report.hand_written.len() > 40 && report.automatic.len() > 10, "too few mutants:\n{report}");
    assert!(report.hand_written.iter().all(|mutant| mutant.fate == Fate::Killed), "{report}");
    assert_eq!(report.automatic.iter().find(|mutant| mutant.unexplained()).map(Outcome::to_string), None);
}

#[test]
fn a_load_out_of_range_is_rejected_though_its_value_is_dropped() {
    let gpu = Gpu::open(&AdapterChoice::Best, Options { checked: true, ..Options::default() })
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let spec = kernels::all().find(|spec| spec.name == "onehot").unwrap();
    let at = spec.sources[0].text.find("let y = ").unwrap();
    for (index, expected) in [
        ("order[batch.first + id.y]", Fate::Survived),
        ("arrayLength(&labels) - 1u", Fate::Killed), // a guard
        ("arrayLength(&labels)", Fate::Killed),
    ] {
        let edit = Edit { at: at..at, replace: format!("_ = labels[{index}]; ") };
        let mutation = Mutation { kernel: Some(spec), source: spec.sources[0], edit };
        let mut last = None;
        run_mutants(&gpu, &proofs::ALL, &[mutation], &[0], |event| last = Some(event)).unwrap();
        assert!(matches!(&last, Some(Event::Ended(0, fate, _)) if *fate == expected), "{index}: {last:?}");
    }
}

#[cfg(unix)]
type Told = (usize, Fate, Option<String>);

/// What [`supervise`] tells of the mutants 1 to 4 where a shell with this script runs them.
#[cfg(unix)]
fn supervised(script: &str) -> (Result<()>, Vec<Told>) {
    let command = |numbers: &[usize]| {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).args(numbers.iter().map(usize::to_string));
        command
    };
    let mut told = Vec::new();
    let result = supervise(&[1, 2, 3, 4], Duration::from_secs(2), command, |number, fate, killer| {
        told.push((number, fate, killer));
        Ok(())
    });
    (result, told)
}

/// Runs every number it is given; 3 does what `on_three` says instead.
#[cfg(unix)]
fn worker(on_three: &str) -> String {
    format!(
        r#"for n; do
            echo '{{"proves":"linear"}}'; echo "{{\"begins\":$n}}"
            case $n in 3) {on_three} ;; esac
            echo "{{\"ended\":[$n,\"survived\",null]}}"
        done"#
    )
}

#[cfg(unix)]
#[test]
fn a_crash_or_a_hang_costs_one_mutant() {
    for (on_three, reason) in [
        ("kill -SEGV $$", "driver crashed: signal: 11"),
        ("exit 9", "driver crashed"),
        ("sleep 60", "timed out after 2 s"),
    ] {
        let (result, told) = supervised(&worker(on_three));
        result.unwrap();
        let fates: Vec<_> = told.iter().map(|(number, fate, _)| (*number, *fate)).collect();
        let expected = [(1, Fate::Survived), (2, Fate::Survived), (3, Fate::Crashed), (4, Fate::Survived)];
        assert_eq!(fates, expected, "{on_three}");
        assert!(told[2].2.as_ref().unwrap().starts_with(reason), "{told:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_crash_that_another_mutant_left_behind_is_not_counted() {
    let (result, told) = supervised(&worker("if [ $1 != 3 ]; then kill -SEGV $$; fi"));
    result.unwrap();
    assert!(told.len() == 4 && told.iter().all(|(_, fate, _)| *fate == Fate::Survived), "{told:?}");
}

#[cfg(unix)]
#[test]
fn what_no_mutant_did_is_an_error() {
    for (script, problem) in [
        ("kill -SEGV $$", "before any mutant ran: driver crashed"),
        ("exit 0", "before any mutant ran"),
        (r#"echo '{"proves":"linear"}'; kill -SEGV $$"#, "linear, before it is changed: driver crashed"),
        (r#"echo '{"begins":1}'; exit 101"#, "sh panicked"),
        (r#"echo '{"failed":"linear fails"}'"#, "linear fails"),
        (r#"echo '{"begins":2}'"#, r#"sh said "{\"begins\":2}""#),
        (r#"echo '{"ended":[2,"killed",null]}'"#, "sh said"),
        ("echo hello", r#"sh said "hello""#),
    ] {
        let (result, told) = supervised(script);
        let error = result.unwrap_err().to_string();
        assert!(told.is_empty() && error.starts_with(problem), "{script}: {error}");
    }
    let result = supervise(&[1], Duration::from_secs(2), |_| Command::new("no-such-program"), |_, _, _| Ok(()));
    assert!(result.unwrap_err().to_string().contains("no-such-program"));
}
