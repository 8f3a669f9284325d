// One row: da and db are outputs, xa and xb inputs.
// Provides: accumulate
// Needs: Tile
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
