use std::io::Write;
use wgvae::{check::mutants::*, gpu::*};
fn main() {
    let sample = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    let gpu = Gpu::open(&Choice::Best, Options { checked: true }).unwrap();
    println!("{}", automatic().len());
    let t = std::time::Instant::now();
    let r = run_mutants(&gpu, sample, |o| {
        if o.fate != Fate::Killed {
            println!("{:?} {} {}", o.fate, o.of, o.change)
        };
        eprint!(".");
        std::io::stdout().flush().unwrap();
    })
    .unwrap();
    println!("{r}\n{:?}", t.elapsed());
}
