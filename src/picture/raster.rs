//! A [`Plot`] as pixels, each covered by as much ink as its distance from the shape's edge says.

use image::{Rgb, RgbImage};

use super::plot::{Ink, Plot, Shape};
use super::text;

const PAPER: Rgb<u8> = Rgb([255; 3]);

pub(super) fn draw(plot: &Plot) -> RgbImage {
    let mut image = RgbImage::from_pixel(plot.size.0, plot.size.1, PAPER);
    for shape in &plot.shapes {
        match shape {
            Shape::Line { points, width, ink } => line(&mut image, points, *width, *ink),
            Shape::Box { from, to, ink } => {
                let overlap = |low: f64, high: f64, p: f64| (high.min(p + 0.5) - low.max(p - 0.5)).clamp(0.0, 1.0);
                fill(&mut image, *from, *to, *ink, |x, y| overlap(from.0, to.0, x) * overlap(from.1, to.1, y));
            }
            Shape::Dot { centre, radius, ink } => {
                let from = (centre.0 - radius, centre.1 - radius);
                let to = (centre.0 + radius, centre.1 + radius);
                fill(&mut image, from, to, *ink, |x, y| radius + 0.5 - (x - centre.0).hypot(y - centre.1));
            }
            Shape::Text { text, face, at, upright, ink } => {
                let width = face.width(text) as i32;
                text::draw(text, *face, |x, y, coverage| {
                    let (x, y) = (x as i32, y as i32);
                    let (x, y) = if *upright { (y, width - 1 - x) } else { (x, y) };
                    blend(&mut image, at.0 + x, at.1 + y, *ink, f64::from(coverage) / 255.0);
                });
            }
        }
    }
    image
}

/// Blends `ink` over the pixels of a box and the ring around it; `coverage` takes a pixel's centre.
fn fill(image: &mut RgbImage, from: (f64, f64), to: (f64, f64), ink: Ink, coverage: impl Fn(f64, f64) -> f64) {
    for y in from.1.floor() as i32 - 1..to.1.ceil() as i32 + 1 {
        for x in from.0.floor() as i32 - 1..to.0.ceil() as i32 + 1 {
            let covered = coverage(f64::from(x) + 0.5, f64::from(y) + 0.5);
            blend(image, x, y, ink, covered.clamp(0.0, 1.0));
        }
    }
}

/// Every pixel takes ink once, from the nearest of the strokes: joints are round and no darker than the rest.
fn line(image: &mut RgbImage, points: &[(f64, f64)], width: f64, ink: Ink) {
    if let [a, b] = points
        && (a.0 == b.0 || a.1 == b.1)
    {
        return ruled(image, *a, *b, width, ink);
    }
    let reach = width / 2.0 + 0.5;
    let span = |values: &mut dyn Iterator<Item = f64>, limit: u32| {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        ((low - reach).floor() as i32).max(0)..((high + reach).ceil() as i32).min(limit as i32)
    };
    let columns = span(&mut points.iter().map(|p| p.0), image.width());
    let rows = span(&mut points.iter().map(|p| p.1), image.height());
    let mut covered = vec![0.0_f64; columns.len() * rows.len()];
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        for y in span(&mut [a.1, b.1].into_iter(), image.height()) {
            for x in span(&mut [a.0, b.0].into_iter(), image.width()) {
                let distance = to_stroke((f64::from(x) + 0.5, f64::from(y) + 0.5), a, b);
                let cell = &mut covered[(y - rows.start) as usize * columns.len() + (x - columns.start) as usize];
                *cell = cell.max((reach - distance).clamp(0.0, 1.0));
            }
        }
    }
    let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    for ((x, y), &coverage) in places.zip(&covered).filter(|(_, coverage)| **coverage > 0.0) {
        blend(image, x, y, ink, coverage);
    }
}

/// A level or upright line, moved to whole pixels so that it is sharp.
fn ruled(image: &mut RgbImage, a: (f64, f64), b: (f64, f64), width: f64, ink: Ink) {
    let width = width.round().max(1.0);
    let side = |centre: f64| (centre - width / 2.0).round();
    let (from, to) = if a.1 == b.1 {
        ((a.0.min(b.0).round(), side(a.1)), (a.0.max(b.0).round(), side(a.1) + width))
    } else {
        ((side(a.0), a.1.min(b.1).round()), (side(a.0) + width, a.1.max(b.1).round()))
    };
    fill(image, from, to, ink, |x, y| f64::from(u8::from(x > from.0 && x < to.0 && y > from.1 && y < to.1)));
}

/// The distance of `p` from the stroke between `a` and `b`.
fn to_stroke(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let along = (b.0 - a.0, b.1 - a.1);
    let length2 = along.0 * along.0 + along.1 * along.1;
    let dot = (p.0 - a.0) * along.0 + (p.1 - a.1) * along.1;
    let t = if length2 > 0.0 { (dot / length2).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * along.0).hypot(p.1 - a.1 - t * along.1)
}

fn blend(image: &mut RgbImage, x: i32, y: i32, ink: Ink, coverage: f64) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    if let Some(Rgb(below)) = image.get_pixel_mut_checked(x, y) {
        for (channel, &over) in below.iter_mut().zip(&ink.rgb) {
            let share = coverage * ink.opacity;
            *channel = (f64::from(*channel) * (1.0 - share) + f64::from(over) * share).round() as u8;
        }
    }
}
