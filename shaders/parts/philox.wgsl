// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): four random words for a counter and a key.
// Provides: philox, unit
// Needs: nothing

// High and low word of a · b, from products of half words.
fn multiply(a: u32, b: u32) -> vec2u {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let middle = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
    return vec2u((a >> 16u) * (b >> 16u) + (cross >> 16u) + (middle >> 16u), a * b);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        let p = multiply(0xd2511f53u, c.x);
        let q = multiply(0xcd9e8d57u, c.z);
        c = vec4u(q.x ^ c.y ^ k.x, q.y, p.x ^ c.w ^ k.y, p.y);
        k += vec2u(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// The upper 23 bits of each word as a number in (0, 1), exactly.
fn unit(words: vec4u) -> vec4f { return (vec4f(words >> vec4u(9u)) + 0.5) * 0x1p-23; }
