//! Models as pure data: their shapes, parameters, objective and optimizer. Knows no device and no file format.
//!
//! | file | what it describes |
//! |---|---|
//! | `activation` | [`Activation`]: what follows a hidden layer's sums, and its derivative |
//! | `architecture` | [`Kind`], [`Bottleneck`], [`Condition`], [`Variance`] and [`Model`]: which layers there are, and their widths |
//! | `param` | [`Param`]: one named tensor; the names and shapes of a model's parameters |
//! | [`init`] | the parameters a model starts with |
//! | `likelihood` | [`Likelihood`], [`Reduction`] and the [`Loss`] they make |
//! | `objective` | [`Bound`] and [`Objective`]: what a step minimises |
//! | `adam` | [`Adam`]: the optimizer's settings |
//! | `schedule` | [`Schedule`]: how learning rate and β change over a run |
//! | `binarization` | [`Binarization`] and [`Drawn`]: how gray images become black and white |
//! | `color` | [`Color`]: what a pixel of an image holds |
//! | `rows` | [`Values`] and [`Rows`]: what a model is applied to, as bytes or as real values |
//! | `numbers`, `on_disk` | [`Numbers`] and [`OnDisk`]: rows that stay in their file and are read as they are needed |
//! | `corruption` | [`Corruption`]: noise on the input of a denoising model |

mod activation;
mod adam;
mod architecture;
mod binarization;
mod color;
mod corruption;
pub mod init;
mod likelihood;
mod numbers;
mod objective;
mod on_disk;
mod param;
mod rows;
mod schedule;

pub use activation::{Activation, Kept, sigmoid};
pub use adam::Adam;
pub use architecture::{Bottleneck, Condition, Kind, LayerShape, Model, OUTPUT_LOG_VAR, Variance};
pub use binarization::{Binarization, Drawn};
pub use color::Color;
pub use corruption::{Corruption, Noise};
pub use likelihood::{Likelihood, Loss, OUTPUT_LOG_VAR_MAX, Pixel, Reduction};
pub use numbers::{Element, Endian, Numbers, Source};
pub use objective::{Bound, Objective};
pub use on_disk::{OnDisk, OnDiskRows, Seen};
pub use param::Param;
pub use rows::{Rows, Values, class_name};
pub use schedule::{Rate, Schedule, Step};
