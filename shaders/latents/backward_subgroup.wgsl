// Backward through the middle of four rows, for a latent of at most 8. One workgroup of 8 owns four rows, invocation j their
// latent variable j. It takes subgroups of at least 8 invocations.
// Provides: main
// Needs: params, args, activations, gathered, batch, signals, across, derivative, slopes, noise

fn w_d(n: u32, q: u32, latent4: u32) -> vec4f {
    return params[args.w_d + min(n, args.width - 1u) * latent4 + min(q, latent4 - 1u)];
}

// Column j of four rows of a latent matrix.
fn of_rows(start: u32, rows: vec4u, j: u32) -> vec4f {
    let at = start + rows * ((args.latent + 3u) / 4u) + j / 4u;
    return vec4f(activations[at.x][j % 4u], activations[at.y][j % 4u], activations[at.z][j % 4u], activations[at.w][j % 4u]);
}

fn store(start: u32, row: u32, lane: u32, value: vec4f) {
    let latent4 = (args.latent + 3u) / 4u;
    for (var q = 0u; q < 2u; q++) {
        let columns = gathered(value, q);
        if q < latent4 && lane < 4u && row + lane < batch.rows {
            signals[start + (row + lane) * latent4 + q] = across(columns, lane);
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
    let inside = lane < args.latent;
    let j = min(lane, args.latent - 1u);

    // dc: every invocation adds up its share of the rows of W₃
    var left = mat4x4f();
    var right = mat4x4f();
    for (var n = lane; n < width4; n += 8u) {
        let at = args.dd + rows * width4 + n;
        let dd = mat4x4f(signals[at.x], signals[at.y], signals[at.z], signals[at.w]);
        left += transpose(dd) * transpose(mat4x4f(w_d(4u * n, 0u, latent4), w_d(4u * n + 1u, 0u, latent4),
            w_d(4u * n + 2u, 0u, latent4), w_d(4u * n + 3u, 0u, latent4)));
        right += transpose(dd) * transpose(mat4x4f(w_d(4u * n, 1u, latent4), w_d(4u * n + 1u, 1u, latent4),
            w_d(4u * n + 2u, 1u, latent4), w_d(4u * n + 3u, 1u, latent4)));
    }
    var dc = subgroupAdd(left[0]);
    dc = select(dc, subgroupAdd(left[1]), lane == 1u);
    dc = select(dc, subgroupAdd(left[2]), lane == 2u);
    dc = select(dc, subgroupAdd(left[3]), lane == 3u);
    dc = select(dc, subgroupAdd(right[0]), lane == 4u);
    dc = select(dc, subgroupAdd(right[1]), lane == 5u);
    dc = select(dc, subgroupAdd(right[2]), lane == 6u);
    dc = select(dc, subgroupAdd(right[3]), lane == 7u);
    dc = select(vec4f(), dc, inside);
    if args.classes > 0u {
        store(args.dprojection, row, lane, dc * derivative(of_rows(args.projection, rows, j)));
    }

    var sum = dc;
    if args.variational == 1u {
        let mu = of_rows(args.mu, rows, j);
        let log_var = of_rows(args.log_var, rows, j);
        let at = (batch.slot * args.capacity + rows) * args.latent + j;
        let s0 = slopes(mu.x, log_var.x, dc.x, dc.x * noise[at.x], batch.kl_weight, 0.0);
        let s1 = slopes(mu.y, log_var.y, dc.y, dc.y * noise[at.y], batch.kl_weight, 0.0);
        let s2 = slopes(mu.z, log_var.z, dc.z, dc.z * noise[at.z], batch.kl_weight, 0.0);
        let s3 = slopes(mu.w, log_var.w, dc.w, dc.w * noise[at.w], batch.kl_weight, 0.0);
        let dmu = select(vec4f(), vec4f(s0.mu, s1.mu, s2.mu, s3.mu), inside);
        let dlog_var = select(vec4f(), vec4f(s0.log_var, s1.log_var, s2.log_var, s3.log_var), inside);
        store(args.dmu, row, lane, dmu);
        store(args.dlog_var, row, lane, dlog_var);
        sum = vec4f();
        for (var i = 0u; i < 8u; i++) {
            if i < args.latent {
                sum += subgroupShuffle(dmu, i) * params[args.w_mu + i * latent4 + j / 4u][j % 4u];
                sum += subgroupShuffle(dlog_var, i) * params[args.w_log_var + i * latent4 + j / 4u][j % 4u];
            }
        }
    }
    let dcode = select(vec4f(), sum * derivative(of_rows(args.code, rows, j)), inside);
    store(args.dcode, row, lane, dcode);

    let d0 = gathered(dcode, 0u);
    let d1 = gathered(dcode, 1u);
    for (var k = lane; k < width4; k += 8u) {
        var dh = dh_of(d0, k, 0u, width4);
        if latent4 > 1u { dh += dh_of(d1, k, 1u, width4); }
        for (var r = 0u; r < 4u && row + r < batch.rows; r++) {
            let at = (row + r) * width4 + k;
            signals[args.dh + at] = dh[r] * derivative(activations[args.h + at]);
        }
    }
}

// What latent variables 4 q … 4 q + 3 add to columns 4 k … 4 k + 3 of dh: a row of it in each column.
fn dh_of(dcode: mat4x4f, k: u32, q: u32, width4: u32) -> mat4x4f {
    return mat4x4f(w_code(4u * q, k, width4), w_code(4u * q + 1u, k, width4), w_code(4u * q + 2u, k, width4),
        w_code(4u * q + 3u, k, width4)) * transpose(dcode);
}

fn w_code(j: u32, k: u32, width4: u32) -> vec4f {
    return params[args.w_code + min(j, args.latent - 1u) * width4 + k];
}
