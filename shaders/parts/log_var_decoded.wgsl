// log σ² of an output value comes from the decoder.
// Provides: output_log_var
// Needs: activations, args
fn output_log_var(row: u32, j: u32) -> vec4f { return activations[args.log_vars + row * ((args.n + 3u) / 4u) + j]; }
