// The middle of one row, for a latent of at most 128. One workgroup owns one row.
// Provides: main
// Needs: param, args, params, activations, batch, KEEPS_SUMS, activate, in_width, order, noise, draw, labels, partials

const LANES = 64u;
var<workgroup> part:       array<f32, 64>;
var<workgroup> code:       array<f32, 128>;
var<workgroup> mu:         array<f32, 128>;
var<workgroup> log_var:    array<f32, 128>;
var<workgroup> projection: array<f32, 128>;  // its sums
var<workgroup> c:          array<f32, 128>;

fn code4(q: u32) -> vec4f { return vec4f(code[4u * q], code[4u * q + 1u], code[4u * q + 2u], code[4u * q + 3u]); }
fn c4(q: u32) -> vec4f { return vec4f(c[4u * q], c[4u * q + 1u], c[4u * q + 2u], c[4u * q + 3u]); }

// Row j of a latent × latent layer.
fn of_code(w: u32, j: u32, latent4: u32) -> f32 {
    var sum = param(w + args.latent * latent4, j);
    for (var q = 0u; q < latent4; q++) { sum += dot(params[w + j * latent4 + q], code4(q)); }
    return sum;
}

// Its share of a dot product of row `w` of W₂ and row `h`: inputs 4 k … 4 k + 3, where there are such.
fn of_h(w: u32, h: u32, k: u32, width4: u32) -> f32 {
    let at = min(k, width4 - 1u);
    return select(0.0, dot(params[w + at], activations[h + at]), k < width4);
}

// Row n of W₃ c.
fn of_c(n: u32, latent4: u32) -> f32 {
    let row = args.w_d + min(n, args.width - 1u) * latent4;
    var sum = 0.0;
    for (var q = 0u; q < latent4; q++) { sum += dot(params[row + q], c4(q)); }
    return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.y * groups.x + workgroup.x;
    if row >= batch.rows { return; }
    let width4 = (args.width + 3u) / 4u;
    let latent4 = (args.latent + 3u) / 4u;
    let classes4 = (args.classes + 3u) / 4u;
    let padding = args.latent + lane;
    if padding < 4u * latent4 {
        code[padding] = 0.0;
        mu[padding] = 0.0;
        log_var[padding] = 0.0;
        projection[padding] = 0.0;
        c[padding] = 0.0;
    }

    // code: eight invocations share each dot product, each with four loads of either under way
    let h = args.h + row * width4;
    for (var first = 0u; first < args.latent; first += 8u) {
        let w = args.w_code + min(first + lane / 8u, args.latent - 1u) * width4;
        var sum = 0.0;
        for (var k = lane % 8u; k < width4; k += 32u) {
            sum += of_h(w, h, k, width4) + of_h(w, h, k + 8u, width4) + of_h(w, h, k + 16u, width4) + of_h(w, h, k + 24u, width4);
        }
        part[lane] = sum;
        workgroupBarrier();
        if lane < 8u && first + lane < args.latent {
            var total = param(args.w_code + args.latent * width4, first + lane);
            for (var l = 0u; l < 8u; l++) { total += part[8u * lane + l]; }
            code[first + lane] = total;
        }
        workgroupBarrier();
    }
    if lane < latent4 {
        let sums = code4(lane);
        if KEEPS_SUMS { activations[args.code_kept + row * latent4 + lane] = sums; }
        let found = select(vec4f(), activate(sums), in_width(lane, args.latent));
        for (var i = 0u; i < 4u; i++) { code[4u * lane + i] = found[i]; }
    }
    workgroupBarrier();

    var kl = 0.0;
    let item = order[batch.first + row];
    for (var j = lane; j < args.latent; j += LANES) {
        c[j] = code[j];
        if args.variational == 1u {
            mu[j] = of_code(args.w_mu, j, latent4);
            log_var[j] = of_code(args.w_log_var, j, latent4);
            var epsilon = 0.0;
            if args.noisy == 1u { epsilon = noise[(batch.slot * args.capacity + row) * args.latent + j]; }
            let drawn = draw(mu[j], log_var[j], epsilon);
            kl += drawn.kl;
            c[j] = drawn.z;
        }
        if args.classes > 0u {
            let p = param(args.w_label + j * classes4, labels[item]);
            projection[j] = p + param(args.w_label + args.latent * classes4, j);
            c[j] += activate(vec4f(projection[j])).x;
        }
    }
    part[lane] = kl;
    workgroupBarrier();

    if lane == 0u {
        for (var l = 1u; l < min(LANES, args.latent); l++) { kl += part[l]; }
        partials[batch.slot * args.stride + args.tiles + row] = kl;
    }
    if lane < latent4 {
        let at = row * latent4 + lane;
        let j = 4u * lane;
        activations[args.code + at] = code4(lane);
        activations[args.c + at] = c4(lane);
        if args.variational == 1u {
            activations[args.mu + at] = vec4f(mu[j], mu[j + 1u], mu[j + 2u], mu[j + 3u]);
            activations[args.log_var + at] = vec4f(log_var[j], log_var[j + 1u], log_var[j + 2u], log_var[j + 3u]);
        }
        if args.classes > 0u {
            let sums = vec4f(projection[j], projection[j + 1u], projection[j + 2u], projection[j + 3u]);
            if KEEPS_SUMS { activations[args.projection_kept + at] = sums; }
            activations[args.projection + at] = select(vec4f(), activate(sums), in_width(lane, args.latent));
        }
    }
    for (var q = lane; q < classes4; q += LANES) {
        let classes = vec4u(0u, 1u, 2u, 3u) + 4u * q;
        activations[args.onehot + row * classes4 + q] = select(vec4f(), vec4f(1.0), classes == vec4u(labels[item]));
    }
    for (var q = lane; q < width4; q += LANES) {
        let y = vec4f(of_c(4u * q, latent4), of_c(4u * q + 1u, latent4), of_c(4u * q + 2u, latent4), of_c(4u * q + 3u, latent4));
        let sums = y + params[args.w_d + args.width * latent4 + q];
        if KEEPS_SUMS { activations[args.d_kept + row * width4 + q] = select(vec4f(), sums, in_width(q, args.width)); }
        activations[args.d + row * width4 + q] = select(vec4f(), activate(sums), in_width(q, args.width));
    }
}
