//! The images of a batch with their labels behind them: what the encoder of a model reads that is told the label.

use super::{Variants, expect, linear::Input};
use crate::{
    Result,
    gpu::{Args as _, Format, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/concat.wgsl`.
    pub struct Args {
        /// Start of x in activations; unused where x is the batch of images.
        images: u32,
        /// Start of onehot(y), likewise.
        onehot: u32,
        /// Start of y, likewise.
        y: u32,
        /// Columns of x.
        n: u32,
        /// Columns of onehot(y).
        classes: u32,
    }
}

/// By the format of the images; none: they are an activation matrix.
pub static SPECS: LazyLock<Variants<Option<Format>>> =
    LazyLock::new(|| Variants::new([Some(Format::U8), Some(Format::F32), None], spec));

fn spec(format: Option<Format>) -> Spec {
    let image = match format {
        Some(Format::U8) => source!("parts/images_u8.wgsl"),
        Some(Format::F32) => source!("parts/images_f32.wgsl"),
        None => source!("parts/images_matrix.wgsl"),
    };
    let mut bindings = vec![Role::Activations.read_write()];
    if format.is_some() {
        bindings.extend([Role::Images.read(), Role::Order.read()]);
    }
    let of = format.map_or("a matrix".to_string(), |format| format!("{format} images"));
    Spec {
        name: format!("concat of {of}"),
        sources: vec![source!("kernels/concat.wgsl"), source!("parts/batch.wgsl"), image],
        bindings,
        args: Args::FIELDS,
        workgroup: [8, 8, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// Adds y `[rows, input + classes]` to the program: x, and onehot(y) `[rows, classes]` behind it.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, x: Input, onehot: Matrix, y: Matrix) -> Result<()> {
    expect("concat", "onehot", onehot, y.rows, onehot.columns)?;
    let n = y.columns.saturating_sub(onehot.columns);
    let (format, images) = match x {
        Input::Images(format) => (Some(format), 0),
        Input::Activations(x) => {
            expect("concat", "x", x, y.rows, n)?;
            (None, x.start)
        }
    };
    let args = Args { images, onehot: onehot.start, y: y.start, n, classes: onehot.columns };
    let (rows, columns) = (y.rows as usize, y.columns as usize);
    let bytes = (4 + format.map_or(4, Format::bytes)) * rows * columns;
    program.launch(SPECS.get(format), &args, [vec4s(columns), rows], Work::elementwise([rows, columns], bytes));
    Ok(())
}
