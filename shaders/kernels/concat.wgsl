// y = x and onehot(y) behind it: what the encoder of a model reads that is told the label.
// One invocation owns four columns of one row.
// Provides: args, activations, main
// Needs: batch, image_row, image

struct Args {
    images: u32,   // start of x [rows, n4] in activations; unused where x is the batch of images
    onehot: u32,   // start of onehot(y) [rows, classes4] in activations
    y: u32,        // start of y [rows, (n + classes)4] in activations
    n: u32,        // columns of x
    classes: u32,  // columns of onehot(y)
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let width4 = (args.n + args.classes + 3u) / 4u;
    if id.x >= width4 || id.y >= batch.rows { return; }
    let start = image_row(id.y, (args.n + 3u) / 4u);
    var found = vec4f();
    for (var i = 0u; i < 4u; i++) {
        let j = 4u * id.x + i;
        let place = j - args.n; // wraps where x still is
        if j < args.n {
            found[i] = image(start, j / 4u)[j % 4u];
        } else if place < args.classes {
            found[i] = activations[args.onehot + id.y * ((args.classes + 3u) / 4u) + place / 4u][place % 4u];
        }
    }
    activations[args.y + id.y * width4 + id.x] = found;
}
