// order[p] = the item at position p of the epoch: a Feistel network of eight rounds on blocks of 2 · half_bits bits,
// walked until it falls below count. One invocation owns one position.
// Provides: main
// Needs: nothing

struct Args {
    count: u32,      // items
    half_bits: u32,  // 2^(2 · half_bits) ≥ count
    width: u32,      // invocations along x
    key0: u32,
    key1: u32,
    key2: u32,
    key3: u32,
    key4: u32,
    key5: u32,
    key6: u32,
    key7: u32,
}
@group(1) @binding(0) var<uniform>             args:  Args;
@group(1) @binding(5) var<storage, read_write> order: array<u32>;  // [count]

// The finalizer of MurmurHash3 (Austin Appleby): every input bit reaches every output bit.
fn mixed(word: u32) -> u32 {
    var x = word;
    x = (x ^ (x >> 16u)) * 0x85ebca6bu;
    x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
    return x ^ (x >> 16u);
}

fn encipher(block: u32) -> u32 {
    let mask = (1u << args.half_bits) - 1u;
    var left = block >> args.half_bits;
    var right = block & mask;
    left ^= mixed(right + args.key0) & mask;
    right ^= mixed(left + args.key1) & mask;
    left ^= mixed(right + args.key2) & mask;
    right ^= mixed(left + args.key3) & mask;
    left ^= mixed(right + args.key4) & mask;
    right ^= mixed(left + args.key5) & mask;
    left ^= mixed(right + args.key6) & mask;
    right ^= mixed(left + args.key7) & mask;
    return (left << args.half_bits) | right;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let position = id.y * args.width + id.x;
    if position >= args.count { return; }
    var item = encipher(position);
    while item >= args.count { item = encipher(item); }
    order[position] = item;
}
