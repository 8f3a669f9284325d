// Backward through the middle of one row, for a latent of at most 128. One workgroup owns one row.
// Provides: main
// Needs: batch, args, signals, params, derivative, activations, noise, slopes

const LANES = 64u;
var<workgroup> part:     array<vec4f, 64>;
var<workgroup> dc:       array<vec4f, 32>;
var<workgroup> dmu:      array<vec4f, 32>;
var<workgroup> dlog_var: array<vec4f, 32>;
var<workgroup> dcode:    array<vec4f, 32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.y * groups.x + workgroup.x;
    if row >= batch.rows { return; }
    let width4 = (args.width + 3u) / 4u;
    let latent4 = (args.latent + 3u) / 4u;
    let at = row * latent4 + lane;

    // dc: every invocation adds up its share of the rows of W₃, then eight add the shares and one their sums
    for (var q = 0u; q < latent4; q++) {
        var sum = vec4f();
        for (var n = lane; n < args.width; n += LANES) {
            sum += signals[args.dd + row * width4 + n / 4u][n % 4u] * params[args.w_d + n * latent4 + q];
        }
        part[lane] = sum;
        workgroupBarrier();
        if lane < 8u {
            for (var l = 8u; l < LANES; l += 8u) { sum += part[lane + l]; }
            part[lane] = sum;
        }
        workgroupBarrier();
        if lane == 0u {
            for (var l = 1u; l < 8u; l++) { sum += part[l]; }
            dc[q] = sum;
        }
        workgroupBarrier();
    }

    if lane < latent4 {
        let dz = dc[lane];
        if args.classes > 0u {
            signals[args.dprojection + at] = dz * derivative(activations[args.projection + at]);
        }
        if args.variational == 1u {
            let mu = activations[args.mu + at];
            let log_var = activations[args.log_var + at];
            var to_mu = vec4f();
            var to_log_var = vec4f();
            for (var i = 0u; i < 4u && 4u * lane + i < args.latent; i++) {
                let epsilon = noise[(batch.slot * args.capacity + row) * args.latent + 4u * lane + i];
                let found = slopes(mu[i], log_var[i], epsilon, dz[i], args.beta);
                to_mu[i] = found.mu;
                to_log_var[i] = found.log_var;
            }
            dmu[lane] = to_mu;
            dlog_var[lane] = to_log_var;
            signals[args.dmu + at] = to_mu;
            signals[args.dlog_var + at] = to_log_var;
        }
    }
    workgroupBarrier();

    if lane < latent4 {
        var sum = dc[lane];
        if args.variational == 1u {
            sum = vec4f();
            for (var j = 0u; j < args.latent; j++) {
                sum += dmu[j / 4u][j % 4u] * params[args.w_mu + j * latent4 + lane];
                sum += dlog_var[j / 4u][j % 4u] * params[args.w_log_var + j * latent4 + lane];
            }
        }
        sum *= derivative(activations[args.code + at]);
        dcode[lane] = sum;
        signals[args.dcode + at] = sum;
    }
    workgroupBarrier();

    for (var k = lane; k < width4; k += LANES) {
        var sum = vec4f();
        for (var j = 0u; j < args.latent; j++) {
            sum += dcode[j / 4u][j % 4u] * params[args.w_code + j * width4 + k];
        }
        let h = activations[args.h + row * width4 + k];
        signals[args.dh + row * width4 + k] = sum * derivative(h);
    }
}
