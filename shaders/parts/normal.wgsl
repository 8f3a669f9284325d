// cos 2πt and sin 2πt for t in [0, 1), to 2⁻²²: the built-in functions are only good to 2⁻¹¹.
// Provides: box_muller
// Needs: unit
fn turn(t: vec2f) -> array<vec2f, 2> {
    let quarter = floor(4.0 * t + 0.5);
    let x = 6.2831853 * (t - 0.25 * quarter);
    let s = x * x;
    let sine = x + x * s * (-0.16666667 + s * (0.008333333 + s * (-0.00019841270 + s * 2.7557319e-6)));
    let cosine = 1.0 + s * (-0.5 + s * (0.041666667 + s * (-0.0013888889 + s * 2.4801587e-5)));
    let n = vec2u(quarter) % vec2u(4u);
    let swapped = (n & vec2u(1u)) == vec2u(1u);
    let c = select(cosine, sine, swapped) * select(vec2f(1.0), vec2f(-1.0), (n == vec2u(1u)) | (n == vec2u(2u)));
    let d = select(sine, cosine, swapped) * select(vec2f(1.0), vec2f(-1.0), n >= vec2u(2u));
    return array<vec2f, 2>(c, d);
}

// Four normals from four random words (Box and Muller): each pair (u, t) gives √(−2 ln u) · (cos 2πt, sin 2πt).
fn box_muller(words: vec4u) -> vec4f {
    let u = unit(words);
    let radius = sqrt(max(vec2f(), -2.0 * log(u.xz)));
    let direction = turn(u.yw);
    let cosines = radius * direction[0];
    let sines = radius * direction[1];
    return vec4f(cosines.x, sines.x, cosines.y, sines.y);
}
