//! The check rejects changed shaders: all hand-written mutants, and a sample of the automatic ones that is always the same.

use wgvae::{
    check::mutants::{Fate, run_mutants},
    gpu::{Choice, Gpu, Options},
};

/// Every so many-th automatic mutant is run; `wgvae verify --mutants` runs all.
const SAMPLE: usize = 97;

#[test]
fn mutants_are_killed() {
    let gpu = Gpu::open(&Choice::Best, Options { checked: true })
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let report = run_mutants(&gpu, SAMPLE, |_| {}).expect("the device survives");
    println!("{report}");
    assert!(report.hand_written.len() > 40 && report.automatic.len() > 10, "too few mutants:\n{report}");
    assert!(report.hand_written.iter().all(|mutant| mutant.fate == Fate::Killed), "{report}");
    let unexplained =
        |mutant: &&wgvae::check::mutants::Outcome| mutant.fate == Fate::Survived && mutant.equivalent.is_none();
    assert_eq!(report.automatic.iter().find(unexplained).map(|mutant| &mutant.change), None, "{report}");
}
