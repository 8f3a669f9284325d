//! A [`Plot`] as an SVG document of the same size and look.

use std::fmt::Write;

use super::plot::{Ink, Plot, Shape};
use super::text::{Face, plain};

const FONTS: &str = "'Noto Sans Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace";
/// A monospaced character of these fonts is about this wide, in font sizes.
const CHARACTER: f64 = 0.6;
/// Where the base line lies in a line of text, from its top, in line heights.
const BASELINE: f64 = 0.78;

pub(super) fn draw(plot: &Plot) -> String {
    let (width, height) = plot.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FONTS}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for shape in &plot.shapes {
        let element = element(shape);
        writeln!(out, "{element}").expect("a String takes any text");
    }
    out.push_str("</svg>\n");
    out
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line { points, width, ink } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
            let stroke = paint("stroke", *ink);
            let points = points.join(" ");
            format!(
                "<polyline points=\"{points}\" fill=\"none\" {stroke} stroke-width=\"{width}\" stroke-linecap=\"round\" \
                 stroke-linejoin=\"round\"/>"
            )
        }
        Shape::Box { from, to, ink } => {
            let (width, height) = (to.0 - from.0, to.1 - from.1);
            let fill = paint("fill", *ink);
            format!("<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" {fill}/>", from.0, from.1)
        }
        Shape::Dot { centre, radius, ink } => {
            format!("<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" {}/>", centre.0, centre.1, paint("fill", *ink))
        }
        Shape::Text { text, face, at, upright, ink } => {
            let (width, drop) = (face.width(text) as f64, face.height() as f64 * BASELINE);
            let (x, y) = (f64::from(at.0), f64::from(at.1));
            let place = if *upright {
                format!("transform=\"translate({} {}) rotate(-90)\"", x + drop, y + width)
            } else {
                format!("x=\"{x}\" y=\"{}\"", y + drop)
            };
            let size = face.advance() as f64 / CHARACTER;
            let weight = if *face == Face::Title { " font-weight=\"bold\"" } else { "" };
            let fill = paint("fill", *ink);
            let text = escape(&plain(text));
            format!("<text {place} font-size=\"{size:.2}\"{weight} textLength=\"{width}\" {fill}>{text}</text>")
        }
    }
}

fn paint(property: &str, ink: Ink) -> String {
    let [r, g, b] = ink.rgb;
    let opacity = if ink.opacity < 1.0 { format!(" {property}-opacity=\"{}\"", ink.opacity) } else { String::new() };
    format!("{property}=\"#{r:02x}{g:02x}{b:02x}\"{opacity}")
}

/// `text` as XML content; control characters, which XML forbids, become `?`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
