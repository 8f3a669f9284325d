//! Smooth curves and their ink. Only sums, products, quotients and square roots, which IEEE 754 rounds the same
//! everywhere: the same points give the same bytes on every platform.

/// A position, or a direction.
pub type Vec2 = [f64; 2];

/// One bead of a line of ink: where it is, in pixels, and the half-width of the line there.
#[derive(Clone, Copy, Debug)]
pub struct Bead {
    /// Pixels from the left and upper edges.
    pub at: Vec2,
    /// Half the width of the line, in pixels.
    pub radius: f64,
}

/// Width of the soft edge of ink, in pixels.
const EDGE: f64 = 1.3;

fn mix(a: Vec2, b: Vec2, share: f64) -> Vec2 {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

fn distance(a: Vec2, b: Vec2) -> f64 {
    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    (dx * dx + dy * dy).sqrt()
}

/// The centripetal Catmull-Rom spline through two or more distinct `points` (no cusps, no loops of its own), by the
/// pyramid of Barry and Goldman (SIGGRAPH 1988), as a line with corners no further than `pitch` apart.
pub fn spline(points: &[Vec2], pitch: f64) -> Vec<Vec2> {
    let last = points.len() - 1;
    let mut line = vec![points[0]];
    for i in 0..last {
        let (p1, p2) = (points[i], points[i + 1]);
        let p0 = if i > 0 { points[i - 1] } else { mix(p2, p1, 2.0) };
        let p3 = if i + 1 < last { points[i + 2] } else { mix(p1, p2, 2.0) };
        let knot = |a, b| distance(a, b).max(1e-9).sqrt();
        let t1 = knot(p0, p1);
        let t2 = t1 + knot(p1, p2);
        let t3 = t2 + knot(p2, p3);
        let steps = (distance(p1, p2) / pitch).ceil().max(1.0) as usize;
        for step in 1..=steps {
            let t = t1 + (t2 - t1) * step as f64 / steps as f64;
            let a1 = mix(p0, p1, t / t1);
            let a2 = mix(p1, p2, (t - t1) / (t2 - t1));
            let a3 = mix(p2, p3, (t - t2) / (t3 - t2));
            let b1 = mix(a1, a2, t / t2);
            let b2 = mix(a2, a3, (t - t1) / (t3 - t1));
            line.push(mix(b1, b2, (t - t1) / (t2 - t1)));
        }
    }
    line
}

/// Adds a line of ink to a square image of `side` pixels: each pixel keeps the larger of what it had and the share of
/// it that the line covers, from the distance of its middle to the line. In f32 and without a branch per pixel, which is
/// several times as quick.
pub fn ink(image: &mut [f32], side: usize, line: &[Bead]) {
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let reach = a.radius.max(b.radius) + EDGE / 2.0;
        let span = |axis: usize| {
            let low = a.at[axis].min(b.at[axis]) - reach + 0.5;
            let high = a.at[axis].max(b.at[axis]) + reach + 0.5;
            (low.max(0.0) as usize, (high.max(0.0) as usize).min(side))
        };
        let ((left, right), (top, bottom)) = (span(0), span(1));
        let [dx, dy] = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
        let squared = dx * dx + dy * dy;
        let inverse = if squared > 0.0 { 1.0 / squared } else { 0.0 };
        let [dx, dy, inverse] = [dx, dy, inverse].map(|value| value as f32);
        let [core, swell] = [a.radius / EDGE + 0.5, (b.radius - a.radius) / EDGE].map(|value| value as f32);
        let first = (left as f64 + 0.5 - a.at[0]) as f32;
        for y in top..bottom {
            let row = &mut image[y * side + left..y * side + right];
            let down = (y as f64 + 0.5 - a.at[1]) as f32;
            for (x, pixel) in row.iter_mut().enumerate() {
                let across = first + x as u32 as f32;
                let share = ((across * dx + down * dy) * inverse).clamp(0.0, 1.0);
                let (across, down) = (across - share * dx, down - share * dy);
                let away = (across * across + down * down).sqrt();
                let cover = core + swell * share - away * (1.0 / EDGE) as f32;
                *pixel = pixel.max(cover.clamp(0.0, 1.0));
            }
        }
    }
}
