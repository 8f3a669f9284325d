// 8 outputs × 8 inputs of dw.
struct Tile {
    a0: vec4f, b0: vec4f,
    a1: vec4f, b1: vec4f,
    a2: vec4f, b2: vec4f,
    a3: vec4f, b3: vec4f,
    a4: vec4f, b4: vec4f,
    a5: vec4f, b5: vec4f,
    a6: vec4f, b6: vec4f,
    a7: vec4f, b7: vec4f,
}

// One row: da and db are outputs, xa and xb inputs.
fn accumulate(tile: ptr<function, Tile>, da: vec4f, db: vec4f, xa: vec4f, xb: vec4f) {
    (*tile).a0 += da.x * xa; (*tile).b0 += da.x * xb;
    (*tile).a1 += da.y * xa; (*tile).b1 += da.y * xb;
    (*tile).a2 += da.z * xa; (*tile).b2 += da.z * xb;
    (*tile).a3 += da.w * xa; (*tile).b3 += da.w * xb;
    (*tile).a4 += db.x * xa; (*tile).b4 += db.x * xb;
    (*tile).a5 += db.y * xa; (*tile).b5 += db.y * xb;
    (*tile).a6 += db.z * xa; (*tile).b6 += db.z * xb;
    (*tile).a7 += db.w * xa; (*tile).b7 += db.w * xb;
}
