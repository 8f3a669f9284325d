//! Edits of WGSL text: the one-token changes that make mutants, a bound for every loop, watched loads, shuffled invocations.

mod bound;
mod edit;
mod shuffle;
mod tokens;
mod watch;

pub use bound::bound_loops;
pub use edit::{Edit, edits};
pub use shuffle::shuffled;
pub use tokens::{Kind, Token, tokens};
pub use watch::watch_loads;

use std::ops::Range;

/// `text` with other words in places that do not overlap.
fn replaced(text: &str, mut places: Vec<(Range<usize>, String)>) -> String {
    places.sort_by_key(|(at, _)| at.start);
    let (mut changed, mut done) = (String::new(), 0);
    for (at, words) in places {
        changed += &text[done..at.start];
        changed += &words;
        done = at.end;
    }
    changed + &text[done..]
}
