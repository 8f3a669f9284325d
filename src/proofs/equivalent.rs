//! Automatic mutants that change nothing a case could see, and why.

use crate::check::fate::Equivalent;

/// Why columns behind the last latent variable may be read unseen.
const LATENT_PADDING: &str = "it reads four more values of the layer and multiplies them by zeros";

const THIRD_ROUND: &str = "the third round does nothing: a latent of 8 has two vec4";
const NINTH_ROUND: &str = "the ninth round does nothing: a latent has at most 8";
const CLAMPED: &str = "a latent of 8 has two vec4, and what lies behind the last is read as the last";
const NO_ROWS: &str = "a workgroup that begins at the last row's end computes what it does not store";
const NO_TAKER: &str = "it computes sums of latent variables that are not there, which no invocation takes";
const ANY_POWER: &str = "any power of two that is no less divides the invocations as well";
const ONE_AT_ZERO: &str = "at a = 0, z is 1 as well";
const NONE_SO_SMALL: &str = "e^−|g| is less than any float32 from 12 on";
const ADDS_ZEROS: &str = "one more round adds zeros";
const PADDING_DRAWN: &str = "the padding of μ, log σ² and ε is zeros, of which zeros are drawn";
const PAST_THE_END: &str = "without bounds checks the driver drops what is stored past the end of a vec4";
const ANY_MAY_STORE: &str = "any invocation may store the sum";
const ALL_EIGHT: &str = "the three numbers still reach all eight invocations";
const SAME_HALF: &str = "half of it, rounded down, is the same";
const OTHER_ORDER: &str =
    "the sums of a share still have places of their own; a test of banks sees where these meet a bank twice";
const ONE_ROUND: &str = "with 8 × 8 matrices the loop ends after one round";
const NINTH_PART: &str = "a block has eight parts, and nobody reads what is summed for a ninth";
const LAST_TERM: &str = "below 0.5 it moves the sum by less than 2e-6 of itself, which the limits leave to rounding";

/// Automatic mutants that change nothing a case could see.
pub const EQUIVALENT: &[Equivalent] = &[
    Equivalent {
        file: "parts/sigmoid.wgsl",
        line: "return select(z, vec4f(1.0), x > vec4f()) / (1.0 + z);",
        reason: "at x = 0, z is 1 as well",
    },
    Equivalent {
        file: "parts/activation_silu.wgsl",
        line: "return a * (select(z, vec4f(1.0), a > vec4f()) / (1.0 + z));",
        reason: ONE_AT_ZERO,
    },
    Equivalent {
        file: "parts/activation_silu.wgsl",
        line: "return select(z, vec4f(1.0), a > vec4f()) * r + a * (z * r * r);",
        reason: ONE_AT_ZERO,
    },
    Equivalent {
        file: "parts/activation_gelu.wgsl",
        line: "return a * (select(z, vec4f(1.0), a > vec4f()) / (1.0 + z));",
        reason: ONE_AT_ZERO,
    },
    Equivalent {
        file: "parts/activation_gelu.wgsl",
        line: "return select(z, vec4f(1.0), a > vec4f()) * r + b * (z * r * r) * (1.5957691 + 0.21406444 * (b * b));",
        reason: ONE_AT_ZERO,
    },
    Equivalent {
        file: "parts/activation_gelu.wgsl",
        line: "let b = clamp(a, vec4f(-(2.0 * 12.0)), vec4f(12.0));",
        reason: NONE_SO_SMALL,
    },
    Equivalent {
        file: "parts/activation_gelu.wgsl",
        line: "let b = clamp(a, vec4f(-12.0), vec4f((2.0 * 12.0)));",
        reason: NONE_SO_SMALL,
    },
    Equivalent {
        file: "parts/activation_tanh.wgsl",
        line: "return select(y, -y, a <= vec4f());",
        reason: "at a = 0, y is 0 but for rounding",
    },
    Equivalent {
        file: "parts/mse.wgsl",
        line: "let p = select(z, vec4f(1.0), l > vec4f()) / (1.0 + z);",
        reason: "at l = 0, z is 1 as well",
    },
    Equivalent {
        file: "parts/mse.wgsl",
        line: "let q = select(vec4f(1.0), z, l > vec4f()) / (1.0 + z);",
        reason: "at l = 0, z is 1 as well",
    },
    Equivalent {
        file: "parts/bce.wgsl",
        line: "let p = select(z, vec4f(1.0), l > vec4f()) / (1.0 + z);",
        reason: "at l = 0, z is 1 as well",
    },
    Equivalent {
        file: "parts/bce.wgsl",
        line: "let tail = select(log(1.0 + z), z - 0.5 * z * z, z <= vec4f(1e-3));",
        reason: "there, both forms are as good",
    },
    Equivalent {
        file: "parts/bce.wgsl",
        line: "let tail = select(log(1.0 + z), z - 0.5 * z * z, z < vec4f((2.0 * 1e-3)));",
        reason: "there, both forms are as good",
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "if padding <= 4u * latent4 {",
        reason: "zeros behind the padding are overwritten or never read",
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "if padding < 5u * latent4 {",
        reason: "zeros behind the padding are overwritten or never read",
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "for (var first = 0u; first <= args.latent; first += 8u) {",
        reason: "one more round computes sums that are dropped",
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "for (var k = lane % 8u; k <= width4; k += 32u) {",
        reason: ADDS_ZEROS,
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "c[j] += activate(vec4f(projection[j])).y;",
        reason: "all components are the same",
    },
    Equivalent {
        file: "latents/backward_workgroup.wgsl",
        line: "fn power_of_two(n: u32) -> u32 { return 2u << (32u - countLeadingZeros(n - 1u)); }",
        reason: ANY_POWER,
    },
    Equivalent {
        file: "latents/backward_workgroup.wgsl",
        line: "fn power_of_two(n: u32) -> u32 { return 1u << (33u - countLeadingZeros(n - 1u)); }",
        reason: ANY_POWER,
    },
    Equivalent {
        file: "latents/backward_workgroup.wgsl",
        line: "fn power_of_two(n: u32) -> u32 { return 1u << (32u - countLeadingZeros(n + 1u)); }",
        reason: ANY_POWER,
    },
    Equivalent {
        file: "latents/backward_workgroup.wgsl",
        line: "let q = min(lane % columns, latent4 + 1u);",
        reason: NO_TAKER,
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "if lane <= 8u && first + lane < args.latent {",
        reason: "what the ninth invocation writes, the next round writes again",
    },
    Equivalent {
        file: "latents/forward_workgroup.wgsl",
        line: "if lane < 9u && first + lane < args.latent {",
        reason: "what the ninth invocation writes, the next round writes again",
    },
    Equivalent {
        file: "parts/normal.wgsl",
        line: "let sine = x + x * s * (-0.16666667 + s * (0.008333333 + s * (-0.00019841270 - s * 2.7557319e-6)));",
        reason: "it moves a normal by less than the error that WGSL allows sqrt and log",
    },
    Equivalent {
        file: "parts/normal.wgsl",
        line: "let sine = x + x * s * (-0.16666667 + s * (0.008333333 + s * (-0.00019841270 + s * (2.0 * 2.7557319e-6))));",
        reason: "it moves a normal by less than the error that WGSL allows sqrt and log",
    },
    Equivalent {
        file: "kernels/binarize.wgsl",
        line: "let white = (2u * (words >> vec4u(9u)) + 1u) * 255u <= x << vec4u(24u);",
        reason: "an odd multiple of 255 is no multiple of 2^24",
    },
    Equivalent {
        file: "kernels/norm.wgsl",
        line: "if lane != 0u { keep(workgroup.x, part[0]); }",
        reason: ANY_MAY_STORE,
    },
    Equivalent {
        file: "kernels/norm.wgsl",
        line: "if lane == 1u { keep(workgroup.x, part[0]); }",
        reason: ANY_MAY_STORE,
    },
    Equivalent {
        file: "kernels/likelihood.wgsl",
        line: "for (var i = 0u; i < 4u && 4u * q + i <= args.latent; i++) {",
        reason: PADDING_DRAWN,
    },
    Equivalent {
        file: "kernels/likelihood.wgsl",
        line: "if lane != 0u { activations[args.scores + row] = vec4f(part[0], 0.0, 0.0); }",
        reason: ANY_MAY_STORE,
    },
    Equivalent {
        file: "kernels/likelihood.wgsl",
        line: "if lane == 1u { activations[args.scores + row] = vec4f(part[0], 0.0, 0.0); }",
        reason: ANY_MAY_STORE,
    },
    Equivalent { file: "kernels/loss.wgsl", line: "if lane != 0u {", reason: ANY_MAY_STORE },
    Equivalent { file: "kernels/loss.wgsl", line: "if lane == 1u {", reason: ANY_MAY_STORE },
    Equivalent {
        file: "kernels/output.wgsl",
        line: "if lane != 0u { partials[batch.slot * args.stride + block] = sum; }",
        reason: ANY_MAY_STORE,
    },
    Equivalent {
        file: "kernels/output.wgsl",
        line: "if lane == 1u { partials[batch.slot * args.stride + block] = sum; }",
        reason: ANY_MAY_STORE,
    },
    Equivalent {
        file: "parts/total_memory.wgsl",
        line: "if lane <= OWNERS { keep(lane, value); }",
        reason: "nobody reads the place, but in split tilings, where it is a race of the first invocation and another that no \
                 order shows while both run in lockstep, as on software drivers they do",
    },
    Equivalent {
        file: "parts/total_subgroup.wgsl",
        line: "let pair = value + subgroupShuffleXor(value, 5u);",
        reason: ALL_EIGHT,
    },
    Equivalent {
        file: "parts/total_subgroup.wgsl",
        line: "let four = pair + subgroupShuffleXor(pair, 3u);",
        reason: ALL_EIGHT,
    },
    Equivalent {
        file: "products/nt_registers.wgsl",
        line: "const OWNERS = 33u;  // invocations that own a tile",
        reason: SAME_HALF,
    },
    Equivalent {
        file: "latents/forward_subgroup.wgsl",
        line: "if latent4 >= 1u { y += d_of(c1, n, 1u, latent4); }",
        reason: LATENT_PADDING,
    },
    Equivalent { file: "latents/forward_subgroup.wgsl", line: "for (var q = 0u; q <= 2u; q++) {", reason: THIRD_ROUND },
    Equivalent { file: "latents/forward_subgroup.wgsl", line: "for (var q = 0u; q < 3u; q++) {", reason: THIRD_ROUND },
    Equivalent { file: "latents/forward_subgroup.wgsl", line: "if row > batch.rows { return; }", reason: NO_ROWS },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "for (var q = 0u; q <= 2u; q++) {",
        reason: THIRD_ROUND,
    },
    Equivalent { file: "latents/backward_subgroup.wgsl", line: "for (var q = 0u; q < 3u; q++) {", reason: THIRD_ROUND },
    Equivalent { file: "latents/backward_subgroup.wgsl", line: "if row > batch.rows { return; }", reason: NO_ROWS },
    Equivalent { file: "latents/forward_subgroup.wgsl", line: "if q <= latent4 {", reason: LATENT_PADDING },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "return params[args.w_d + min(n, args.width - 1u) * latent4 + min(q, latent4 + 1u)];",
        reason: NO_TAKER,
    },
    Equivalent {
        file: "kernels/reparameterize.wgsl",
        line: "for (var i = 0u; i < 4u && 4u * q + i <= args.latent; i++) {",
        reason: PADDING_DRAWN,
    },
    Equivalent {
        file: "kernels/reparameterize_backward.wgsl",
        line: "for (var i = 0u; i <= 4u && 4u * id.x + i < args.latent; i++) {",
        reason: PAST_THE_END,
    },
    Equivalent {
        file: "kernels/reparameterize_backward.wgsl",
        line: "for (var i = 0u; i < 5u && 4u * id.x + i < args.latent; i++) {",
        reason: PAST_THE_END,
    },
    Equivalent {
        file: "parts/reparameterize.wgsl",
        line: "let series = 0.5 + x * (0.16666667 + x * (0.041666667 + x * (0.0083333333 + x * (0.0013888889 + x * (1.984127e-4 - x * 2.4801587e-5)))));",
        reason: LAST_TERM,
    },
    Equivalent {
        file: "parts/reparameterize.wgsl",
        line: "let series = 0.5 + x * (0.16666667 + x * (0.041666667 + x * (0.0083333333 + x * (0.0013888889 + x * (1.984127e-4 + x * (2.0 * 2.4801587e-5))))));",
        reason: LAST_TERM,
    },
    Equivalent {
        file: "parts/reparameterize.wgsl",
        line: "return select(exp(x) - 1.0 - x, x * x * series, abs(x) <= 0.5);",
        reason: "at 0.5, both forms are as good",
    },
    Equivalent {
        file: "products/nt_workgroup.wgsl",
        line: "for (var first = 0u; first <= args.k4; first += 4u) {",
        reason: ADDS_ZEROS,
    },
    Equivalent {
        file: "products/nn_workgroup.wgsl",
        line: "for (var first = 0u; first <= n4; first += 4u) {",
        reason: ADDS_ZEROS,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u * 3u) ^ (share % 2u * 4u)); }",
        reason: OTHER_ORDER,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u + 2u) ^ (share % 2u * 4u)); }",
        reason: OTHER_ORDER,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u * 2u) & (share % 2u * 4u)); }",
        reason: OTHER_ORDER,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u * 2u) ^ (share % 2u + 4u)); }",
        reason: OTHER_ORDER,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (sum / 8u * 2u) ^ (share % 2u * 5u)); }",
        reason: OTHER_ORDER,
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "if lane <= 16u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }",
        reason: "one invocation more loads what it has no sum for",
    },
    Equivalent {
        file: "products/nn_fine.wgsl",
        line: "if lane < 17u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }",
        reason: "one invocation more loads what it has no sum for",
    },
    Equivalent {
        file: "products/nn_split.wgsl",
        line: "if lane <= 64u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }",
        reason: "one invocation more loads what it has no sum for",
    },
    Equivalent {
        file: "products/nn_split.wgsl",
        line: "if lane < 65u { own = rest(min(row, batch.rows - 1u), min(to_k, k4 - 1u)); }",
        reason: "one invocation more loads what it has no sum for",
    },
    Equivalent {
        file: "products/tn_subgroup.wgsl",
        line: "let row = image_row(min(i + lane % 5u, last), k4);",
        reason: "only the first four invocations' rows are taken",
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "for (var i = 0u; i <= 8u; i++) {",
        reason: NINTH_ROUND,
    },
    Equivalent { file: "latents/backward_subgroup.wgsl", line: "for (var i = 0u; i < 9u; i++) {", reason: NINTH_ROUND },
    Equivalent { file: "latents/backward_subgroup.wgsl", line: "if i <= args.latent {", reason: LATENT_PADDING },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "if latent4 >= 1u { dh += dh_of(d1, k, 1u, width4); }",
        reason: LATENT_PADDING,
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "right += transpose(dd) * transpose(mat4x4f(w_d(4u * n, 2u, latent4), w_d(4u * n + 1u, 1u, latent4),",
        reason: CLAMPED,
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "right += transpose(dd) * transpose(mat4x4f(w_d(4u * n, 1u, latent4), w_d(4u * n + 1u, 2u, latent4),",
        reason: CLAMPED,
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "w_d(4u * n + 2u, 2u, latent4), w_d(4u * n + 3u, 1u, latent4)));",
        reason: CLAMPED,
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "w_d(4u * n + 2u, 1u, latent4), w_d(4u * n + 3u, 2u, latent4)));",
        reason: CLAMPED,
    },
    Equivalent {
        file: "latents/backward_subgroup.wgsl",
        line: "w_code(5u * q + 3u, k, width4)) * transpose(dcode);",
        reason: CLAMPED,
    },
    Equivalent { file: "latents/forward_subgroup.wgsl", line: "s7 += w_code(8u, k, width4) * h;", reason: CLAMPED },
    Equivalent {
        file: "products/nt_matrix.wgsl",
        line: "multiply(5u * args.k4, lane, subgroup, subgroups);",
        reason: ADDS_ZEROS,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "const OWNERS = min(257u, 2u * AREA);  // invocations that place sums",
        reason: "twice the area of an 8 × 8 matrix is less",
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "const SLOTS = 2049u / AREA;           // matrices of sums; a multiple of eight, so that subgroups of one slot have one part",
        reason: "the same quotient",
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "const SLOTS = 2048u * AREA;           // matrices of sums; a multiple of eight, so that subgroups of one slot have one part",
        reason: "more workgroup memory than a GPU has, which software drivers give",
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var first = 0u; first <= 8u; first += subgroups) {",
        reason: NINTH_PART,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var first = 0u; first < 9u; first += subgroups) {",
        reason: NINTH_PART,
    },
    Equivalent { file: "parts/matrix.wgsl", line: "let row = part_row((first + subgroup) % 9u);", reason: NINTH_PART },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "let column = part_column((first + subgroup) % 9u);",
        reason: NINTH_PART,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var term = 0u; term <= terms; term += EDGE) {",
        reason: ADDS_ZEROS,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var v = lane; v < SIDE * EDGE / 4u; v -= 256u) { stage(term, v); }",
        reason: ONE_ROUND,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var v = lane; v < SIDE * EDGE / 4u; v += 257u) { stage(term, v); }",
        reason: ONE_ROUND,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var at = 4u * lane; at < 8u * AREA; at -= 1024u) {",
        reason: ONE_ROUND,
    },
    Equivalent {
        file: "parts/matrix.wgsl",
        line: "for (var at = 4u * lane; at < 8u * AREA; at += 1025u) {",
        reason: ONE_ROUND,
    },
];
