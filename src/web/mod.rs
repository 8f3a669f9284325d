//! Pages of one file that run this crate's kernels in a browser: programs as plain JSON, a host in JavaScript that replays them
//! with WebGPU and knows no kernel, and the pages' own sources in `page/`.
//!
//! A page makes no request: style, modules and data are written into it, and its content security policy forbids the rest.

mod checks;
mod explorer;
mod page;
mod plan;
mod replays;
mod report;
mod training;

pub use checks::{Checks, checks, verifier};
pub use explorer::explorer;
pub use page::{Page, base64, compressed};
pub use plan::{Place, Plan};
pub use report::report;
