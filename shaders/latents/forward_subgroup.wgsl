// The middle of four rows, for a latent of at most 8. One workgroup of 8 owns four rows, invocation j their latent variable j.
// It takes subgroups of at least 8 invocations.
// Provides: main
// Needs: params, args, gathered, batch, activations, across, param, KEEPS_SUMS, activate, noise, draw, partials, labels, order, in_width

fn w_code(j: u32, k: u32, width4: u32) -> vec4f {
    return params[args.w_code + min(j, args.latent - 1u) * width4 + k];
}

fn w_d(n: u32, q: u32, latent4: u32) -> vec4f {
    return params[args.w_d + min(n, args.width - 1u) * latent4 + q];
}

fn store(start: u32, row: u32, lane: u32, value: vec4f) {
    let latent4 = (args.latent + 3u) / 4u;
    for (var q = 0u; q < 2u; q++) {
        let columns = gathered(value, q);
        if q < latent4 && lane < 4u && row + lane < batch.rows {
            activations[start + (row + lane) * latent4 + q] = across(columns, lane);
        }
    }
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
    let row = 4u * (workgroup.y * groups.x + workgroup.x);
    if row >= batch.rows { return; }
    let rows = min(vec4u(0u, 1u, 2u, 3u) + row, vec4u(batch.rows - 1u));
    let width4 = (args.width + 3u) / 4u;
    let latent4 = (args.latent + 3u) / 4u;
    let classes4 = (args.classes + 3u) / 4u;
    let inside = lane < args.latent;
    let j = min(lane, args.latent - 1u);

    // code: every invocation adds up its share of h
    var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
    var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
    for (var k = lane; k < width4; k += 8u) {
        let at = args.h + rows * width4 + k;
        let h = mat4x4f(activations[at.x], activations[at.y], activations[at.z], activations[at.w]);
        s0 += w_code(0u, k, width4) * h;
        s1 += w_code(1u, k, width4) * h;
        s2 += w_code(2u, k, width4) * h;
        s3 += w_code(3u, k, width4) * h;
        s4 += w_code(4u, k, width4) * h;
        s5 += w_code(5u, k, width4) * h;
        s6 += w_code(6u, k, width4) * h;
        s7 += w_code(7u, k, width4) * h;
    }
    var code = subgroupAdd(s0);
    code = select(code, subgroupAdd(s1), lane == 1u);
    code = select(code, subgroupAdd(s2), lane == 2u);
    code = select(code, subgroupAdd(s3), lane == 3u);
    code = select(code, subgroupAdd(s4), lane == 4u);
    code = select(code, subgroupAdd(s5), lane == 5u);
    code = select(code, subgroupAdd(s6), lane == 6u);
    code = select(code, subgroupAdd(s7), lane == 7u);
    let sums = code + param(args.w_code + args.latent * width4, j);
    if KEEPS_SUMS { store(args.code_kept, row, lane, select(vec4f(), sums, inside)); }
    code = select(vec4f(), activate(sums), inside);
    store(args.code, row, lane, code);

    var c = code;
    var kl = vec4f();
    if args.variational == 1u {
        var mu = vec4f(param(args.w_mu + args.latent * latent4, j));
        var log_var = vec4f(param(args.w_log_var + args.latent * latent4, j));
        for (var q = 0u; q < 2u; q++) {
            if q < latent4 {
                let codes = gathered(code, q);
                mu += codes * params[args.w_mu + j * latent4 + q];
                log_var += codes * params[args.w_log_var + j * latent4 + q];
            }
        }
        var epsilon = vec4f();
        if args.noisy == 1u {
            let at = (batch.slot * args.capacity + rows) * args.latent + j;
            epsilon = vec4f(noise[at.x], noise[at.y], noise[at.z], noise[at.w]);
        }
        let d0 = draw(mu.x, log_var.x, epsilon.x);
        let d1 = draw(mu.y, log_var.y, epsilon.y);
        let d2 = draw(mu.z, log_var.z, epsilon.z);
        let d3 = draw(mu.w, log_var.w, epsilon.w);
        c = select(vec4f(), vec4f(d0.z, d1.z, d2.z, d3.z), inside);
        kl = select(vec4f(), vec4f(d0.kl, d1.kl, d2.kl, d3.kl), inside);
        store(args.mu, row, lane, select(vec4f(), mu, inside));
        store(args.log_var, row, lane, select(vec4f(), log_var, inside));
    }
    let total = subgroupAdd(kl);
    if lane < 4u && row + lane < batch.rows {
        partials[batch.slot * args.stride + args.tiles + row + lane] = total[lane];
    }
    if args.classes > 0u {
        let at = batch.first + rows;
        let y = vec4u(labels[order[at.x]], labels[order[at.y]], labels[order[at.z]], labels[order[at.w]]);
        let w = args.w_label + j * classes4;
        let p = vec4f(param(w, y.x), param(w, y.y), param(w, y.z), param(w, y.w))
            + param(args.w_label + args.latent * classes4, j);
        if KEEPS_SUMS { store(args.projection_kept, row, lane, select(vec4f(), p, inside)); }
        let projection = select(vec4f(), activate(p), inside);
        store(args.projection, row, lane, projection);
        c += projection;
        for (var q = lane; q < classes4; q += 8u) {
            let classes = vec4u(0u, 1u, 2u, 3u) + 4u * q;
            for (var r = 0u; r < 4u && row + r < batch.rows; r++) {
                activations[args.onehot + (row + r) * classes4 + q] = select(vec4f(), vec4f(1.0), classes == vec4u(y[r]));
            }
        }
    }
    store(args.c, row, lane, c);

    let c0 = gathered(c, 0u);
    let c1 = gathered(c, 1u);
    for (var n = lane; n < width4; n += 8u) {
        let b = params[args.w_d + args.width * latent4 + n];
        var y = mat4x4f(vec4f(b.x), vec4f(b.y), vec4f(b.z), vec4f(b.w));
        y += d_of(c0, n, 0u, latent4);
        if latent4 > 1u { y += d_of(c1, n, 1u, latent4); }
        for (var r = 0u; r < 4u && row + r < batch.rows; r++) {
            let at = (row + r) * width4 + n;
            let sums = across(y, r);
            if KEEPS_SUMS { activations[args.d_kept + at] = select(vec4f(), sums, in_width(n, args.width)); }
            activations[args.d + at] = select(vec4f(), activate(sums), in_width(n, args.width));
        }
    }
}

// What latent variables 4 q … 4 q + 3 add to columns 4 n … 4 n + 3 of d.
fn d_of(c: mat4x4f, n: u32, q: u32, latent4: u32) -> mat4x4f {
    return c * mat4x4f(w_d(4u * n, q, latent4), w_d(4u * n + 1u, q, latent4), w_d(4u * n + 2u, q, latent4),
        w_d(4u * n + 3u, q, latent4));
}
