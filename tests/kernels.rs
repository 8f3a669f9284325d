//! Every kernel against the oracle, with and without runtime checks, on every adapter of this machine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashSet, env, process::Command, sync::Arc};
use wgvae::{
    check::{Proof, report::report, run::run, wgsl::shuffled},
    gpu::{AdapterChoice, Gpu, Needs, Options, Precision, Spec, adapters},
    model::Activation,
    proofs,
    verify::steps::models,
};

/// The proofs of a pass: every kernel at the lowest precision it is made for. With runtime checks, which change a shader but not
/// what it computes, as many of them as it takes for every file, and every two files but those of activations, to meet in one.
fn proofs_of(checked: bool, precision: Precision) -> Vec<Proof> {
    let mut met = HashSet::new();
    let mut brings_something = |spec: &Spec| {
        let activation = |file: &str| file.starts_with("parts/activation_");
        let files: Vec<&str> = spec.sources.iter().map(|source| source.file).collect();
        let pairs = files.iter().flat_map(|a| files.iter().map(move |b| (*a, *b)));
        let mut pairs = pairs.filter(|(a, b)| a == b || !activation(a) && !activation(b)).collect::<Vec<_>>();
        pairs.retain(|pair| met.insert(*pair));
        !pairs.is_empty()
    };
    let multiplies = |spec: &Spec| matches!(spec.needs, Needs::Matrices(_));
    let all = proofs::ALL.iter().filter(|proof| multiplies(proof.spec) == (precision == Precision::Mixed));
    let taken = all.filter(|proof| !checked || brings_something(proof.spec));
    taken.map(|proof| Proof::new(proof.spec, &proof.mutants, || proof.cases())).collect()
}

/// Whether a kernel is among those that stand for all of their kind where only matrices are looked at: they see nothing of float
/// images, nor of which activation follows.
fn is_seen_by_matrices(spec: &Spec) -> bool {
    let others = Activation::ALL.into_iter().filter(|&activation| activation != Activation::Relu);
    let others: Vec<&str> = others.map(Activation::name).chain(["f32 images"]).collect();
    !others.iter().any(|other| spec.name.contains(other))
}

#[test]
fn every_case_of_every_kernel_is_within_its_limits_on_every_adapter() {
    let found = adapters();
    assert!(
        !found.is_empty(),
        "no adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers); the check needs one"
    );
    for adapter in &found {
        for (checked, precision) in
            [(false, Precision::F32), (true, Precision::F32), (false, Precision::Mixed), (true, Precision::Mixed)]
        {
            let options = Options { checked, precision, ..Options::default() };
            let gpu = Gpu::open(&AdapterChoice::Index(adapter.index), options).expect("the adapter was listed");
            if gpu.precision() != precision {
                println!("not checked: {precision} precision, for which {} lacks cooperative matrices", adapter.name);
                continue;
            }
            let report = report(&gpu, &proofs_of(checked, precision), |_| {}).expect("the device survives");
            println!("checked: {checked}, {precision}\n{report}");
            assert!(report.ok, "{} with checks {checked}, {precision}:\n{report}", adapter.name);
            let steps = models(&Arc::new(gpu)).expect("the device survives");
            assert!(
                steps.iter().all(|model| model.ok),
                "{} with checks {checked}, {precision}: {steps:?}",
                adapter.name
            );
        }
    }
}

/// GPUs have wider subgroups than the eight lanes that kernels for software take: lavapipe has sixteen where vectors have 512 bits.
#[test]
fn kernels_by_subgroups_are_right_where_half_of_a_subgroup_is_idle() {
    const CHILD: &str = "WGVAE_WIDE_SUBGROUPS";
    if env::var_os(CHILD).is_none() {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "--nocapture", "kernels_by_subgroups_are_right_where_half_of_a_subgroup_is_idle"]);
        // Mesa's cache of compiled shaders does not know their width
        process.env(CHILD, "1").env("LP_NATIVE_VECTOR_WIDTH", "512").env("MESA_SHADER_CACHE_DISABLE", "true");
        assert!(process.status().unwrap().success(), "the process with wide subgroups failed");
        return;
    }
    let gpu = Gpu::open(&AdapterChoice::Best, Options::default())
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let sizes = gpu.adapter().subgroup_sizes;
    if sizes != [16, 16] {
        return println!("not checked: subgroups of 16, which {} does not have ({sizes:?})", gpu.adapter().name);
    }
    let by_subgroups = proofs::ALL.iter().filter(|proof| matches!(proof.spec.needs, Needs::NarrowSubgroups(_)));
    let taken: Vec<Proof> =
        by_subgroups.map(|proof| Proof::new(proof.spec, &proof.mutants, || proof.cases())).collect();
    assert!(taken.len() >= 30 && taken.iter().all(|proof| gpu.runs(proof.spec)), "{} kernels", taken.len());
    let report = report(&gpu, &taken, |_| {}).expect("the device survives");
    println!("subgroups of 16\n{report}");
    assert!(report.ok, "subgroups of 16:\n{report}");
}

/// Which part of a product a subgroup has, and how many rounds there are, depends on how many subgroups a device makes of a workgroup.
#[test]
fn cooperative_matrices_do_not_depend_on_the_number_or_order_of_invocations() {
    let gpu = Gpu::open(&AdapterChoice::Best, Options { precision: Precision::Mixed, ..Options::default() })
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let multiplies = |proof: &&Proof| {
        gpu.runs(proof.spec) && matches!(proof.spec.needs, Needs::Matrices(_)) && is_seen_by_matrices(proof.spec)
    };
    let mut kernels = 0;
    for proof in proofs::ALL.iter().filter(multiplies) {
        kernels += 1;
        let spec = proof.spec;
        let ways = shuffled(&spec.shader()).expect("its builtins are known");
        assert!(ways.len() >= 3, "{}: {} ways", spec.name, ways.len());
        for (way, case) in ways.iter().flat_map(|way| proof.cases().into_iter().map(move |case| (way, case))) {
            let found = run(&gpu, &case, Some(way)).expect("the device survives");
            assert!(found.is_ok(), "{}, {}: {}\n{way}", spec.name, case.name, found.unwrap_err());
        }
    }
    if kernels == 0 {
        println!("not checked: products by cooperative matrices, which {} lacks", gpu.adapter().name);
    }
}

/// No driver without a GPU has matrices of 16 × 16, but each is four of 8 × 8: the shaders run with every operation on one
/// replaced by those on its quarters.
#[test]
fn matrices_of_sixteen_are_right_in_quarters_of_eight() {
    const QUARTERS: &str = "
struct MatrixA { a: coop_mat8x8<f16, A>, b: coop_mat8x8<f16, A>, c: coop_mat8x8<f16, A>, d: coop_mat8x8<f16, A> }
struct MatrixB { a: coop_mat8x8<f16, B>, b: coop_mat8x8<f16, B>, c: coop_mat8x8<f16, B>, d: coop_mat8x8<f16, B> }
struct MatrixC { a: coop_mat8x8<f32, C>, b: coop_mat8x8<f32, C>, c: coop_mat8x8<f32, C>, d: coop_mat8x8<f32, C> }
fn multiply_add(l: MatrixA, r: MatrixB, sum: MatrixC) -> MatrixC {
    let a = coopMultiplyAdd(l.a, r.a, sum.a);
    let b = coopMultiplyAdd(l.a, r.b, sum.b);
    let c = coopMultiplyAdd(l.c, r.a, sum.c);
    let d = coopMultiplyAdd(l.c, r.b, sum.d);
    let aa = coopMultiplyAdd(l.b, r.c, a);
    let bb = coopMultiplyAdd(l.b, r.d, b);
    let cc = coopMultiplyAdd(l.d, r.c, c);
    let dd = coopMultiplyAdd(l.d, r.d, d);
    return MatrixC(aa, bb, cc, dd);
}
fn store(sum: MatrixC, at: u32, stride: u32) {
    let near = at + 8u;
    let far = at + 8u * stride;
    let both = far + 8u;
    coopStoreT(sum.a, &sums[at], stride);
    coopStoreT(sum.b, &sums[near], stride);
    coopStoreT(sum.c, &sums[far], stride);
    coopStoreT(sum.d, &sums[both], stride);
}
";
    let gpu = Gpu::open(&AdapterChoice::Best, Options { precision: Precision::Mixed, ..Options::default() })
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    // a b over c d: what lies eight elements further is b by rows and c by columns
    let loads = [
        ("left_by_rows", "A", "lefts", "coopLoadT", "near, far"),
        ("left_by_columns", "A", "lefts", "coopLoad", "far, near"),
        ("right_by_rows", "B", "rights", "coopLoadT", "near, far"),
        ("right_by_columns", "B", "rights", "coopLoad", "far, near"),
    ]
    .map(|(name, role, operands, load, order)| {
        let load = format!("{load}<coop_mat8x8<f16, {role}>>");
        format!(
            "fn {name}(at: u32, stride: u32) -> Matrix{role} {{
    let at_near = at + 8u;
    let at_far = at + 8u * stride;
    let at_both = at_far + 8u;
    let first = {load}(&{operands}[at], stride);
    let near = {load}(&{operands}[at_near], stride);
    let far = {load}(&{operands}[at_far], stride);
    let last = {load}(&{operands}[at_both], stride);
    return Matrix{role}(first, {order}, last);
}}
"
        )
    })
    .concat();
    if !gpu.offers(Needs::Matrices(8)) {
        println!("not checked: matrices of 8 x 8, which {} lacks", gpu.adapter().name);
        return;
    }
    let sixteen = |proof: &&Proof| proof.spec.needs == Needs::Matrices(16) && is_seen_by_matrices(proof.spec);
    for proof in proofs::ALL.iter().filter(sixteen) {
        let spec = proof.spec;
        let mut text = spec.shader();
        for (whole, quarters) in [
            ("coopLoadT<MatrixA>(&lefts[", "left_by_rows("),
            ("coopLoad<MatrixA>(&lefts[", "left_by_columns("),
            ("coopLoadT<MatrixB>(&rights[", "right_by_rows("),
            ("coopLoad<MatrixB>(&rights[", "right_by_columns("),
            ("coopMultiplyAdd(", "multiply_add("),
            ("coopStoreT(", "store("),
            ("&sums[slot]", "slot"),
            ("], EDGE)", ", EDGE)"),
            ("], SIDE)", ", SIDE)"),
        ] {
            text = text.replace(whole, quarters);
        }
        let aliases = text.lines().filter(|line| line.starts_with("alias Matrix")).count();
        let mut text: String =
            text.lines().filter(|line| !line.starts_with("alias Matrix")).flat_map(|line| [line, "\n"]).collect();
        assert!(aliases == 3 && !text.contains("coop_mat16x16") && !text.contains("coopLoad"), "{text}");
        text += QUARTERS;
        text += &loads;
        for case in proof.cases() {
            let found = run(&gpu, &case, Some(&text)).expect("the device survives");
            assert!(found.is_ok(), "{}, {}: {}", spec.name, case.name, found.unwrap_err());
        }
    }
}
