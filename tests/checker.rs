//! The checker itself: what it must reject, and that no kernel escapes it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndarray::array;
use std::collections::HashSet;
use wgvae::{
    check::{
        case::{Case, Expected, GUARD, UNWRITTEN},
        comparison::compare,
        layout::{Layout, random},
        mutants::mutations,
        run::run,
        tolerance::{Approx, exact, product},
        wgsl::{bound_loops, edits, shuffled, watch_loads},
    },
    gpu::{AdapterChoice, Gpu, Options, Precision, Program, Role, Slot, Source, Spec, Tiling},
    kernels,
    proofs::{
        self, EQUIVALENT,
        analysis::{depth, operand},
        place::batch,
    },
};

/// Two rows of three columns expected, of three rows there are.
fn case() -> Case {
    let mut layout = Layout::default();
    let y = layout.output(Role::Activations, "y", 3, 3);
    let analysis = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].mapv(|value| Approx { value, error: 0.01 });
    layout.expect(Role::Activations, y, &analysis.mapv(|number| number.value), &analysis);
    layout.case("by hand", Program::default(), batch(0, 2, 0), 1)
}

/// What a kernel that is right leaves.
fn right(case: &Case) -> Vec<u32> {
    let buffer = &case.buffers[0];
    let word = |(&before, after): (&u32, &Expected)| match *after {
        Expected::Untouched => before,
        Expected::Near { value, .. } => (value as f32).to_bits(),
        Expected::Bits(bits) => bits,
        Expected::Zero => 0,
    };
    buffer.before.iter().zip(&buffer.after).map(word).collect()
}

/// A guard of four words, then three rows of four, then a guard.
const ELEMENT: usize = 4 + 4 + 1;
const PAD: usize = 4 + 3;
const PAST_THE_BATCH: usize = 4 + 2 * 4;
const BEHIND: usize = 4 + 3 * 4;

fn rejected(change: impl FnOnce(&mut Vec<u32>)) -> String {
    let case = case();
    let mut got = right(&case);
    change(&mut got);
    compare(&case, Role::Activations, &got).unwrap_err().to_string()
}

#[test]
fn a_right_result_is_accepted_with_its_share_of_the_limit() {
    let case = case();
    let mut got = right(&case);
    assert_eq!(compare(&case, Role::Activations, &got), Ok(0.0));
    got[ELEMENT] = 5.005_f32.to_bits();
    let share = compare(&case, Role::Activations, &got).unwrap();
    assert!((share - 0.5).abs() < 1e-3, "half of the limit was used, not {share}");
}

#[test]
fn a_wrong_element_is_rejected_by_name_and_numbers() {
    let message = rejected(|got| got[ELEMENT] = 5.02_f32.to_bits());
    assert!(message.contains("y[1, 1]") && message.contains("5.02") && message.contains("5e0"), "{message}");
}

#[test]
fn what_is_not_finite_is_rejected() {
    for bits in [f32::NAN.to_bits(), f32::INFINITY.to_bits(), f32::NEG_INFINITY.to_bits(), UNWRITTEN, GUARD] {
        rejected(|got| got[ELEMENT] = bits);
    }
}

#[test]
fn a_touched_guard_is_rejected() {
    for index in [0, 3, BEHIND, BEHIND + 3] {
        assert!(rejected(|got| got[index] = 0).contains("untouched"));
        rejected(|got| got[index] ^= 1);
    }
}

#[test]
fn a_touched_row_past_the_batch_is_rejected() {
    assert!(rejected(|got| got[PAST_THE_BATCH] = 0).contains("y[2, 0]"));
}

#[test]
fn padding_that_is_not_zero_is_rejected() {
    for bits in [1, 1.0_f32.to_bits(), UNWRITTEN] {
        assert!(rejected(|got| got[PAD] = bits).contains("zero padding"));
    }
}

#[test]
fn a_wrong_length_is_rejected() {
    assert!(rejected(|got| got.truncate(got.len() - 1)).contains("words"));
    rejected(|got| got.push(GUARD));
    rejected(Vec::clear);
}

#[test]
fn exact_bits_are_held_exactly() {
    let mut layout = Layout::default();
    layout.unwritten(Role::Order, "order", 2);
    layout.expect_bits(Role::Order, &[7, 8]);
    let case = layout.case("bits", Program::default(), batch(0, 0, 0), 1);
    let mut got = right(&case);
    assert_eq!(compare(&case, Role::Order, &got), Ok(0.0));
    got[1] = 9;
    assert!(compare(&case, Role::Order, &got).is_err());
}

#[test]
#[should_panic(expected = "its error analysis")]
fn an_oracle_that_disagrees_with_its_error_analysis_is_refused() {
    let mut layout = Layout::default();
    let y = layout.output(Role::Activations, "y", 1, 1);
    layout.expect(Role::Activations, y, &array![[1.0]], &array![[Approx { value: 1.001, error: 1e-6 }]]);
}

/// Sums in f32, in the order a kernel may take, stay within the error analysis and use a fair share of it.
#[test]
fn limits_of_a_product_hold_and_are_not_slack() {
    let mut worst = 0.0_f64;
    for (seed, n) in [(1, 1), (2, 7), (3, 64), (4, 257), (5, 1024)] {
        let (a, b) = (random(seed, 9, n, 1.0), random(seed + 50, n, 9, 1.0));
        let analysis = product(&exact(&a), &exact(&b), depth(n, Precision::F32));
        for ((i, j), found) in analysis.indexed_iter() {
            let lanes: [f32; 4] =
                std::array::from_fn(|lane| (lane..n).step_by(4).map(|k| a[[i, k]] as f32 * b[[k, j]] as f32).sum());
            let apart = (lanes.iter().sum::<f32>() as f64 - found.value).abs();
            assert!(apart <= found.error, "{n} terms: {apart:e} beyond {:e}", found.error);
            worst = worst.max(apart / found.error);
        }
    }
    assert!(worst > 0.02, "the limits are {:.0} times what f32 needs", 1.0 / worst);
}

/// Of small gradients, which are multiplied by a loss scale.
#[test]
fn limits_of_a_product_in_mixed_precision_hold_and_are_not_slack() {
    let (mut worst, scale) = (0.0_f64, 4096.0);
    let f16 = |value: f64| half::f16::from_f64(value).to_f32();
    for (seed, n) in [(1, 1), (2, 7), (3, 64), (4, 257), (5, 1024)] {
        let (a, b) = (random(seed, 9, n, 1.0) / scale, random(seed + 50, n, 9, 1.0));
        let taken = [(&a, scale), (&b, 1.0)].map(|(x, scale)| operand(&exact(x), Precision::Mixed, scale));
        let analysis = product(&taken[0], &taken[1], depth(n, Precision::Mixed));
        for ((i, j), found) in analysis.indexed_iter() {
            let sum: f32 = (0..n).map(|k| f16(scale * a[[i, k]]) * f16(b[[k, j]])).sum();
            let apart = (sum as f64 / scale - found.value).abs();
            assert!(apart <= found.error, "{n} terms: {apart:e} beyond {:e}", found.error);
            worst = worst.max(apart / found.error);
        }
    }
    assert!(worst > 0.1, "the limits are {:.0} times what f16 needs", 1.0 / worst);
}

#[test]
fn what_f16_holds_is_not_rounded_and_what_it_cannot_hold_is() {
    for (value, scale, error) in [
        (0.0, 1.0, 0.0),
        (-1.5, 1.0, 0.0),
        (65504.0, 1.0, 0.0),
        (1.0 / 3.0, 1.0, 1.0 / 3.0 / 1024.0),
        (2.0_f64.powi(-15), 1.0, 2.0_f64.powi(-15) / 1024.0 + 1.0 / 16384.0), // may be flushed to zero
        (2.0_f64.powi(-15), 2.0, 0.0),
    ] {
        assert_eq!(Approx::exact(value).f16(scale).error, error, "{value} times {scale}");
    }
}

#[test]
fn blocks_cover_a_result_and_no_more() {
    for tiling in Tiling::ALL {
        let [width, height] = tiling.block();
        assert_eq!(tiling.blocks(height, width), [1, 1], "{tiling}");
        assert_eq!(tiling.blocks(2 * height + 1, width - 1), [1, 3], "{tiling}");
        let workgroup = tiling.workgroup().map(|side| side as usize);
        assert_eq!(tiling.elements(height + 1, 3 * width), [3 * workgroup[0], 2 * workgroup[1]], "{tiling}");
    }
    // elements per owner, and the halvings of 32, 8, 64, 64, 16, 128 and 256 owners
    let depths = Tiling::ALL.map(Tiling::depth);
    assert_eq!(depths, [64 + 5, 128 + 3, 64 + 6, 64 + 8, 4 + 6, 4 + 4, 32 + 7, 64 + 8]);
}

#[test]
fn every_kernel_has_one_proof_with_cases_and_mutants_and_a_name_of_its_own() {
    let (mut kernel_names, mut case_names) = (HashSet::new(), HashSet::new());
    let kernels: Vec<_> = kernels::all().map(std::ptr::from_ref).collect();
    let proven: Vec<_> = proofs::ALL.iter().map(|proof| std::ptr::from_ref(proof.spec)).collect();
    assert_eq!(proven, kernels, "one proof of each kernel, in the same order");
    for proof in proofs::ALL.iter() {
        let spec = proof.spec;
        assert!(kernel_names.insert(&spec.name), "two kernels are called {}", spec.name);
        assert!((2..=5).contains(&proof.mutants.len()), "{} has {} mutants", spec.name, proof.mutants.len());
        let cases = proof.cases();
        assert!(cases.len() >= 4, "{} has {} cases", spec.name, cases.len());
        for case in cases {
            assert!(
                case_names.insert((&spec.name, case.name.clone())),
                "{}: two cases are called {}",
                spec.name,
                case.name
            );
            let dispatch = &case.program.dispatches[..];
            assert!(
                dispatch.len() == 1 && dispatch[0].spec.name == spec.name,
                "{}: {} runs another kernel",
                spec.name,
                case.name
            );
            let expected =
                |buffer: &wgvae::check::case::Buffer| buffer.after.iter().any(|after| *after != Expected::Untouched);
            assert!(case.buffers.iter().any(expected), "{}: {} expects nothing", spec.name, case.name);
            let bound: HashSet<_> = spec.bindings.iter().map(|binding| binding.slot).collect();
            let given: HashSet<_> = case.buffers.iter().map(|buffer| buffer.slot).collect();
            assert_eq!(bound, given, "{}: {}: buffers bound and given", spec.name, case.name);
        }
    }
}

#[test]
fn hand_written_mutants_change_one_place() {
    for proof in proofs::ALL.iter() {
        let spec = proof.spec;
        for mutant in &proof.mutants {
            assert_eq!(spec.shader().matches(mutant.find).count(), 1, "{}: `{}`", spec.name, mutant.find);
            assert_ne!(mutant.find, mutant.replace, "{}", spec.name);
        }
    }
}

#[test]
fn automatic_mutants_change_what_they_should_and_no_more() {
    let text = "@group(1) @binding(2) var<storage, read> a: array<f32, 8>; // 1 + 1\nfn f(x: vec4f) -> f32 { return -x.y * 2.0 + a[3u] - min(1e-3, 0.0); }";
    let changed: Vec<String> =
        edits(text).iter().map(|edit| format!("{} {}", &text[edit.at.clone()], edit.replace)).collect();
    let expected = [
        "8 7",
        "- ",
        "y x",
        "* +",
        "2.0 (2.0 * 2.0)",
        "+ -",
        "3u 4u",
        "- +",
        "min max",
        "1e-3 (2.0 * 1e-3)",
        "0.0 1.0",
    ];
    assert_eq!(changed, expected);
    let barrier = edits("fn main() { workgroupBarrier(); }");
    assert!(barrier.len() == 1 && barrier[0].replace.is_empty());
}

#[test]
fn bounded_loops_stop() {
    let text = bound_loops(
        "fn f() { while true {} } fn main() { for (var i = 0u; i < 3u; i++) { while true { i += 1u; } } }",
        9,
    );
    assert_eq!(text.matches(">= 9u { break; }").count(), 1, "{text}");
    assert_eq!(text.matches(">= 9u { return; }").count(), 2, "{text}");
    naga::front::wgsl::parse_str(&text).unwrap();
}

/// Each invocation writes its numbers where they say.
fn numbers(parameters: &str, index: &str) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(4, 2)
fn main({parameters}) {{ y[{index}] = {index}; }}"
    )
}

#[test]
fn every_number_of_an_invocation_is_shuffled() {
    for (parameters, index, ways, expected) in [
        (
            "@builtin(local_invocation_index) lane: u32",
            "lane",
            2,
            "let lane = (4u * (physical_lane % 2u) + physical_lane / 2u);",
        ),
        ("@builtin(local_invocation_id) id: vec3u", "id.x + 4u * id.y", 2, "(7u - (4u * ("),
        ("@builtin(workgroup_id) group: vec3u", "group.x", 1, "let group = (physical_groups - 1u - physical_group);"),
        ("@builtin(global_invocation_id) id: vec3u", "id.x", 3, "vec3u(4u, 2u, 1u)"),
        (
            "@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) all: vec3u",
            "group.x + all.y",
            1,
            "(all - 1u - physical_group)",
        ),
        (
            "@builtin(num_subgroups) several: u32, @builtin(subgroup_id) one: u32",
            "one % several",
            1,
            "min(physical_several, 3u)",
        ),
        ("@builtin(subgroup_invocation_id) lane: u32", "lane", 0, ""),
        (
            "@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u",
            "group.x + lane",
            1,
            "physical_group)",
        ),
    ] {
        let found = shuffled(&numbers(parameters, index)).unwrap();
        assert_eq!(found.len(), ways, "{parameters}");
        assert!(found.iter().any(|text| text.contains(expected)) || ways == 0, "{expected} is not in {found:?}");
        for text in found {
            naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        }
    }
}

#[test]
fn a_shader_that_would_go_unshuffled_is_refused() {
    let bundled =
        numbers("numbers: Numbers", "numbers.lane") + "struct Numbers { @builtin(local_invocation_index) lane: u32 }";
    for (text, problem) in [
        (&bundled[..], "numbers, a struct"),
        ("@compute @workgroup_size(64) fn other() {}", "no entry point `main`"),
        ("fn main( {", "expected"),
    ] {
        let refused = shuffled(text).unwrap_err();
        assert!(refused.contains(problem), "{text}: {refused}");
    }
}

/// The permutation of a workgroup's numbers reaches each of them once.
#[test]
fn shuffled_invocations_write_what_ordered_ones_do() {
    let gpu = Gpu::open(&AdapterChoice::Best, Options::default())
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let text = numbers("@builtin(global_invocation_id) id: vec3u", "id.x + 12u * id.y").leak();
    let y = Slot { group: 0, binding: 0, name: "y" };
    let source = Source { file: "numbers.wgsl", text };
    let spec: &Spec = Box::leak(Box::new(Spec::new("numbers", source, &[y.read_write()], [4, 2, 1])));
    let mut layout = Layout::default();
    layout.unwritten(y, "y", 12 * 6);
    layout.expect_bits(y, &(0..12 * 6).collect::<Vec<_>>());
    let case = layout.launch("by hand", spec, [12, 6]);
    for text in shuffled(text).unwrap() {
        assert_eq!(run(&gpu, &case, Some(&text)).unwrap(), Ok(0.0), "{text}");
    }
}

#[test]
fn loads_are_watched_and_stores_are_not() {
    let text = "
        @group(0) @binding(0) var<storage, read> order: array<u32>;
        @group(0) @binding(1) var<storage, read> x: array<vec4f>;
        @group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
        var<workgroup> part: array<f32, 8>;
        @compute @workgroup_size(1)
        fn main(@builtin(workgroup_id) id: vec3u) {
            y[order[id.x]] = x[order[id.y] + 1u];
            y[id.x][order[0u]] += part[id.x];
            part[id.y] = y[id.x][3] + x[id.x].w;
            if y[id.x].x == 1.0 { return; }
        }";
    let watched = watch_loads(text, [GUARD, UNWRITTEN]);
    for expected in [
        "y[load_order(id.x)] = load_x(load_order(id.y) + 1u);",
        "y[id.x][load_order(0u)] += part[id.x];",
        "part[id.y] = load_y(id.x)[3] + load_x(id.x).w;",
        "if load_y(id.x).x == 1.0",
    ] {
        assert!(watched.contains(expected), "{expected} is not in {watched}");
    }
    naga::front::wgsl::parse_str(&watched).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&watched)));
}

#[test]
fn every_known_equivalent_is_still_a_mutant() {
    let mutants: HashSet<_> = mutations(&proofs::ALL)
        .unwrap()
        .iter()
        .map(|it| (it.source.file, it.edit.describe(it.source.text).1))
        .collect();
    for known in EQUIVALENT {
        assert!(mutants.contains(&(known.file, known.line.to_string())), "{}: {} is stale", known.file, known.line);
    }
}
