// Backward through the middle of one row, for a latent of at most 128. One workgroup owns one row.
// Provides: main
// Needs: params, args, noise, batch, signals, derivative, activations, slopes, in_width

const LANES = 64u;
var<workgroup> part:     array<vec4f, 64>;
var<workgroup> dmu:      array<vec4f, 32>;
var<workgroup> dlog_var: array<vec4f, 32>;
var<workgroup> dcode:    array<vec4f, 32>;

// The least power of two that is no less than `n`.
fn power_of_two(n: u32) -> u32 { return 1u << (32u - countLeadingZeros(n - 1u)); }

// Row j of weights of which a row is `width4` vec4, at column k; of rows past the last, the last.
fn w_at(start: u32, j: u32, k: u32, width4: u32) -> vec4f {
    return params[start + min(j, args.latent - 1u) * width4 + k];
}

// What latent variables 4 q … 4 q + 3, with gradients `d`, add to columns 4 k … 4 k + 3. Behind the last latent, d is 0.
fn back(d: vec4f, start: u32, q: u32, k: u32, width4: u32) -> vec4f {
    let low = d.x * w_at(start, 4u * q, k, width4) + d.y * w_at(start, 4u * q + 1u, k, width4);
    return low + d.z * w_at(start, 4u * q + 2u, k, width4) + d.w * w_at(start, 4u * q + 3u, k, width4);
}

fn noise_at(row: u32, j: u32) -> f32 {
    return noise[(batch.slot * args.capacity + row) * args.latent + min(j, args.latent - 1u)];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.y * groups.x + workgroup.x;
    if row >= batch.rows { return; }
    let width4 = (args.width + 3u) / 4u;
    let latent4 = (args.latent + 3u) / 4u;
    let at = row * latent4 + lane;

    // dc: the invocations stand in rows of a power of two, one column for each vec4 of dc; each adds up its row's share of the
    // rows of W₃, then the lower half of the rows adds the upper half to its own, until one row is left
    let columns = power_of_two(latent4);
    let shares = LANES / columns;
    let q = min(lane % columns, latent4 - 1u);
    var sum = vec4f();
    for (var n = lane / columns; n < args.width; n += shares) {
        sum += signals[args.dd + row * width4 + n / 4u][n % 4u] * params[args.w_d + n * latent4 + q];
    }
    part[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half >= columns; half /= 2u) {
        if lane < half { part[lane] += part[lane + half]; }
        workgroupBarrier();
    }

    if lane < latent4 {
        let dz = part[lane];
        if args.classes > 0u {
            signals[args.dprojection + at] = dz * derivative(activations[args.projection + at]);
        }
        if args.variational == 1u {
            let mu = activations[args.mu + at];
            let log_var = activations[args.log_var + at];
            let j = 4u * lane;
            let s0 = slopes(mu.x, log_var.x, dz.x, dz.x * noise_at(row, j), batch.kl_weight, 0.0);
            let s1 = slopes(mu.y, log_var.y, dz.y, dz.y * noise_at(row, j + 1u), batch.kl_weight, 0.0);
            let s2 = slopes(mu.z, log_var.z, dz.z, dz.z * noise_at(row, j + 2u), batch.kl_weight, 0.0);
            let s3 = slopes(mu.w, log_var.w, dz.w, dz.w * noise_at(row, j + 3u), batch.kl_weight, 0.0);
            let inside = in_width(lane, args.latent);
            dmu[lane] = select(vec4f(), vec4f(s0.mu, s1.mu, s2.mu, s3.mu), inside);
            dlog_var[lane] = select(vec4f(), vec4f(s0.log_var, s1.log_var, s2.log_var, s3.log_var), inside);
            signals[args.dmu + at] = dmu[lane];
            signals[args.dlog_var + at] = dlog_var[lane];
        }
    }
    workgroupBarrier();

    if lane < latent4 {
        var sum = part[lane];
        if args.variational == 1u {
            sum = vec4f();
            for (var i = 0u; i < latent4; i++) {
                sum += back(dmu[i], args.w_mu, i, lane, latent4) + back(dlog_var[i], args.w_log_var, i, lane, latent4);
            }
        }
        sum *= derivative(activations[args.code + at]);
        dcode[lane] = sum;
        signals[args.dcode + at] = sum;
    }
    workgroupBarrier();

    for (var k = lane; k < width4; k += LANES) {
        var sum = vec4f();
        for (var i = 0u; i < latent4; i++) { sum += back(dcode[i], args.w_code, i, k, width4); }
        let h = activations[args.h + row * width4 + k];
        signals[args.dh + row * width4 + k] = sum * derivative(h);
    }
}
