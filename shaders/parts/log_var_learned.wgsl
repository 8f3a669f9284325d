// log σ² of an output value is a learned number.
// Provides: output_log_var
// Needs: args
@group(1) @binding(1) var<storage, read> params: array<vec4f>;  // log σ² [n4]
fn output_log_var(row: u32, j: u32) -> vec4f { return params[args.log_vars + j]; }
