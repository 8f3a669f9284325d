//! Bank conflicts in workgroup memory, reckoned from the places that each product's shader really touches: the shader runs with every
//! index into workgroup memory noted. The model is that of NVIDIA's and AMD's cards: 32 banks of four bytes serve 32 invocations, for a
//! vec4 eight at a time; places in one bank are served one after the other, and one place once for all who want it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use wgvae::{
    check::{
        Proof,
        wgsl::{Kind, Token, tokens},
    },
    gpu::{AdapterChoice, Batches, Gpu, Memory, Needs, Options, Part, Slot, Source, Spec},
    proofs,
};

/// Where an invocation notes what it touches.
const NOTED: Slot = Slot { group: 1, binding: 14, name: "noted" };
/// Most notes of an invocation.
const NOTES: usize = 512;

/// Accesses that take longer than they might, how long at most, and why they may.
const KNOWN: [(&str, &str, usize, &str); 4] = [
    ("parts/pool_operands.wgsl", "xs[lane].x = value", 4, SPREAD),
    ("parts/pool_operands.wgsl", "return xs[lane].x", 4, SPREAD),
    ("parts/pool_shares.wgsl", "shares[lane].x = value", 4, SPREAD),
    ("parts/pool_shares.wgsl", "return shares[lane].x", 4, SPREAD),
];
const SPREAD: &str = "the owners' losses lie a vec4 apart, because one invocation may not store a component of another's vec4; they are \
                      added up once in a block";

/// A place in a shader that touches workgroup memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    file: &'static str,
    line: String,
    /// What an index counts, and what is touched there, in words of four bytes.
    element: usize,
    touched: usize,
}

/// Times that memory is busy while invocations touch `places`, each `size` words wide, and the least for as many.
fn wavefronts(places: &[Option<usize>; 32], size: usize) -> [usize; 2] {
    let at_once = 32 / size;
    let busy = |served: &[Option<usize>]| {
        let mut banks: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for &place in served.iter().flatten() {
            banks.entry(place % 32).or_default().insert(place);
        }
        banks.values().map(BTreeSet::len).max().unwrap_or(0)
    };
    let served = places.chunks(at_once).map(busy);
    [served.clone().sum(), served.filter(|&busy| busy > 0).count()]
}

#[test]
fn banks_are_those_of_a_card() {
    let of = |size: usize, place: fn(usize) -> usize| wavefronts(&std::array::from_fn(|lane| Some(place(lane))), size);
    assert_eq!(of(1, |lane| lane), [1, 1]);
    assert_eq!(of(1, |lane| 4 * lane), [4, 1]);
    assert_eq!(of(1, |_| 7), [1, 1]);
    assert_eq!(of(4, |lane| 4 * lane), [4, 4]);
    assert_eq!(of(4, |lane| 4 * (lane ^ 5)), [4, 4]);
    assert_eq!(of(4, |lane| 4 * 8 * lane), [32, 4]);
    assert_eq!(wavefronts(&std::array::from_fn(|lane| (lane < 16).then_some(4 * lane)), 4), [2, 2]);
}

/// Words of an element of each array in workgroup memory, by name.
fn arrays(text: &str) -> BTreeMap<String, usize> {
    let declared = |declaration: &[Token]| match declaration {
        [var, _, workgroup, _, name, _, array, _, element]
            if (var.text, workgroup.text, array.text) == ("var", "workgroup", "array") =>
        {
            let words = match element.text {
                "f32" | "u32" => 1,
                "vec4f" => 4,
                other => panic!("{}: the size of {other} is not known here", name.text),
            };
            Some((name.text.to_string(), words))
        }
        _ => None,
    };
    tokens(text).windows(9).filter_map(declared).collect()
}

/// The text of a file in which every index into one of `arrays` is noted, and the sites.
fn noting(file: &'static str, text: &str, arrays: &BTreeMap<String, usize>, sites: &mut Vec<Site>) -> String {
    let tokens = tokens(text);
    let (mut places, mut changed, mut done) = (Vec::new(), String::new(), 0);
    for (i, token) in tokens.iter().enumerate() {
        let Some(&element) = arrays.get(token.text) else { continue };
        if token.kind != Kind::Word || tokens.get(i + 1).is_none_or(|next| next.text != "[") {
            continue;
        }
        let mut depth = 0;
        let close = (i + 1..tokens.len()).find(|&at| {
            depth += i32::from(tokens[at].text == "[") - i32::from(tokens[at].text == "]");
            depth == 0
        });
        let close = close.expect("every bracket is closed");
        let component = tokens.get(close + 1).is_some_and(|next| next.text == ".");
        assert!(!component || tokens[close + 2].text == "x", "{file}: only x is known to be touched by itself");
        let line = text[..token.start].lines().count().max(1);
        let line = text.lines().nth(line - 1).unwrap().trim().to_string();
        places.push((tokens[i + 1].range().end, format!("note({}u, ", sites.len())));
        places.push((tokens[close].start, ")".into()));
        sites.push(Site { file, line, element, touched: if component { 1 } else { element } });
    }
    places.sort_by_key(|(at, _)| *at);
    for (at, words) in places {
        changed += &text[done..at];
        changed += &words;
        done = at;
    }
    changed + &text[done..]
}

/// The shader of `spec`, in which invocations note what they touch.
fn noting_spec(spec: &Spec, edit: &dyn Fn(&Source) -> String) -> (Spec, Vec<Site>) {
    let (arrays, sites) = (arrays(&spec.shader()), RefCell::new(Vec::new()));
    let text = spec.shader_of(|source| noting(source.file, &edit(source), &arrays, &mut sites.borrow_mut()));
    let main = text.find("fn main(").unwrap();
    let lane = "@builtin(local_invocation_index) lane: u32";
    assert!(text[main..].contains(lane), "{}: main takes the number of its invocation as `lane`", spec.name);
    let body = main + text[main..].find('{').unwrap() + 1;
    let text = format!(
        "{} number = lane;{}
var<private> number: u32;
var<private> notes: u32;
@group({}) @binding({}) var<storage, read_write> noted: array<u32>;
fn note(site: u32, index: u32) -> u32 {{
    noted[{NOTES}u * number + notes] = ((site + 1u) << 16u) | index;
    notes++;
    return index;
}}",
        &text[..body],
        &text[body..],
        NOTED.group,
        NOTED.binding
    );
    let bindings = [&spec.bindings[..], &[NOTED.read_write()]].concat();
    let source = Source { file: "noting.wgsl", text: text.leak() };
    let mut noting = Spec::new(&spec.name, source, &bindings, spec.workgroup);
    noting.args = spec.args;
    (noting, sites.into_inner())
}

/// Everything that takes longer than it might: the site, its wavefronts and the least.
fn conflicts(gpu: &Gpu, proof: &Proof, edit: &dyn Fn(&Source) -> String) -> Vec<(Site, [usize; 2])> {
    let (spec, sites) = noting_spec(proof.spec, edit);
    let spec: &'static Spec = Box::leak(Box::new(spec));
    let case = proof.cases().swap_remove(0);
    let mut program = case.program.clone();
    program.dispatches[0].spec = spec;
    program.dispatches[0].groups = [1, 1]; // the others touch what the first touches
    let mut memory = Memory::default();
    for binding in &proof.spec.bindings {
        let buffer = case.buffers.iter().find(|buffer| buffer.slot == binding.slot);
        let before = buffer.map_or(&[][..], |buffer| &buffer.before);
        memory.upload_for(gpu, *binding, bytemuck::cast_slice(before)).unwrap();
    }
    let lanes = spec.workgroup.iter().product::<u32>() as usize;
    memory.create(gpu, NOTED, (4 * NOTES * lanes) as u64).unwrap();
    let prepared = gpu.prepare(&program, &memory).unwrap();
    let batches = Batches::new(gpu, 1).unwrap();
    batches.write(gpu, &[case.batch]);
    gpu.submit(&batches, &[Part::Submit(&prepared, case.steps)], None);
    let noted: Vec<u32> = memory.read(gpu, NOTED, 0, NOTES * lanes).unwrap();

    let mut touched = vec![vec![Vec::new(); lanes]; sites.len()];
    for (lane, notes) in noted.chunks(NOTES).enumerate() {
        assert_eq!(notes[NOTES - 1], 0, "{}: more notes than there is room for", spec.name);
        for note in notes.iter().take_while(|&&note| note > 0) {
            touched[(note >> 16) as usize - 1][lane].push((note & 0xffff) as usize);
        }
    }
    let mut slow = Vec::new();
    for (site, of_lanes) in sites.iter().zip(&touched) {
        let times = of_lanes.iter().map(Vec::len).max().unwrap_or(0);
        assert!(times > 0, "{}: no invocation comes to `{}`", spec.name, site.line);
        let each = of_lanes.chunks(32).flat_map(|lanes| (0..times).map(move |time| (lanes, time)));
        let found = each.map(|(lanes, time)| {
            let place = |lane: usize| lanes.get(lane).and_then(|places| places.get(time));
            wavefronts(&std::array::from_fn(|lane| place(lane).map(|index| site.element * index)), site.touched)
        });
        let worst = found.max_by_key(|[busy, least]| busy - least).unwrap();
        slow.extend((worst[0] > worst[1]).then(|| (site.clone(), worst)));
    }
    slow
}

fn gpu() -> Gpu {
    Gpu::open(&AdapterChoice::Best, Options::default())
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)")
}

/// Products with arrays in workgroup memory, one of each kernel and cut; not of cooperative matrices, which drivers load and store.
fn products() -> impl Iterator<Item = &'static Proof> {
    let mut met = BTreeSet::new();
    proofs::ALL.iter().filter(move |proof| {
        let files: Vec<&str> = proof.spec.sources.iter().map(|source| source.file).collect();
        let product = files.iter().find(|file| file.starts_with("products/"));
        proof.spec.needs == Needs::Nothing
            && proof.spec.shader().contains("var<workgroup>")
            && product.is_some_and(|product| met.insert((files[0], *product, proof.spec.workgroup)))
    })
}

#[test]
fn no_product_meets_a_bank_twice() {
    let gpu = gpu();
    let (mut seen, mut known) = (0, BTreeSet::new());
    for proof in products() {
        seen += 1;
        for (site, [busy, least]) in conflicts(&gpu, proof, &|source| source.text.into()) {
            let found = KNOWN.iter().find(|(file, text, ..)| *file == site.file && site.line.contains(text));
            let (_, text, most, _) = found.unwrap_or_else(|| {
                panic!("{}: `{}` keeps memory busy {busy} times, {least} would do", site.file, site.line)
            });
            assert!(busy <= *most, "{}: `{}` keeps memory busy {busy} times", site.file, site.line);
            known.insert(*text);
        }
    }
    assert!(seen >= 10, "{seen} products");
    assert_eq!(known.len(), KNOWN.len(), "{known:?}");
}

#[test]
fn a_layout_in_order_of_its_numbers_is_found() {
    let gpu = gpu();
    for (file, find, replace, expected) in [
        ("products/nt_split.wgsl", "^ (share % 8u)", "^ 0u", 32),
        ("products/nt_workgroup.wgsl", "line ^ (2u * own)", "line", 16),
        ("products/nn_fine.wgsl", "^ (sum / 8u * 2u) ^ (share % 2u * 4u)", "^ 0u", 16),
    ] {
        let proof = products().find(|proof| proof.spec.sources.iter().any(|source| source.file == file)).unwrap();
        let edit = |source: &Source| match source.file == file {
            true => source.text.replace(find, replace),
            false => source.text.into(),
        };
        let worst = conflicts(&gpu, proof, &edit).into_iter().map(|(_, [busy, _])| busy).max();
        assert_eq!(worst, Some(expected), "{file}");
    }
}
