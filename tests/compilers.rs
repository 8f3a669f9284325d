//! What compilers of real GPUs make of the kernels that hardware is given, on a machine without one.
//! A register spilled or any scratch memory is a failure: a kernel's tile is too large for the registers of that generation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dxc;
mod radv;

use naga::{back, front, proc::BoundsCheckPolicies, valid};
use radv::Verdict;
use std::{
    env, fs,
    process::{Command, Stdio},
};
use wgvae::{
    gpu::{AdapterSummary, Needs, Spec, Tiling},
    kernels,
};

/// Three generations of AMD's cards, newest first: RDNA 3, RDNA 2, GCN 5.
const FAMILIES: [&str; 3] = ["gfx1100", "navi21", "vega10"];

/// The file that a process of this test compiles into.
const INTO: &str = "WGVAE_VERDICTS";

/// A card that has everything, and subgroups as wide as cards have.
fn card() -> AdapterSummary {
    AdapterSummary {
        index: 0,
        name: "a card".into(),
        driver: "none".into(),
        backend: "vulkan".into(),
        kind: "discrete",
        max_binding_bytes: 1 << 31,
        max_workgroup_bytes: 32 << 10,
        max_invocations: 1024,
        subgroup_sizes: [32, 64],
        features: vec!["subgroups", "f16"],
        matrix_edges: vec![16, 8],
    }
}

/// The kernels that hardware is given, but for those that multiply cooperative matrices: neither compiler knows these.
fn given() -> impl Iterator<Item = &'static Spec> {
    let card = card();
    kernels::all().filter(move |spec| card.offers(spec.needs) && !matches!(spec.needs, Needs::Matrices(_)))
}

fn module(spec: &Spec) -> (naga::Module, valid::ModuleInfo) {
    let module = front::wgsl::parse_str(&spec.shader()).unwrap();
    let mut validator = valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty());
    let info = validator.validate(&module).unwrap_or_else(|error| panic!("{}: {error:?}", spec.name));
    (module, info)
}

/// The SPIR-V of a kernel that runs without runtime checks, as wgpu makes it for a device of Vulkan 1.3.
fn spirv(spec: &Spec) -> Vec<u32> {
    let unchecked = naga::proc::BoundsCheckPolicy::Unchecked;
    let options = back::spv::Options {
        lang_version: (1, 6),
        flags: back::spv::WriterFlags::LABEL_VARYINGS | back::spv::WriterFlags::FORCE_POINT_SIZE,
        bounds_check_policies: BoundsCheckPolicies {
            index: unchecked,
            buffer: unchecked,
            image_load: unchecked,
            binding_array: unchecked,
        },
        zero_initialize_workgroup_memory: back::spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..Default::default()
    };
    let entry = back::spv::PipelineOptions { entry_point: "main".into(), shader_stage: naga::ShaderStage::Compute };
    let (module, info) = module(spec);
    back::spv::write_vec(&module, &info, &options, Some(&entry)).unwrap()
}

/// The HLSL of such a kernel, as wgpu makes it for DX12.
fn hlsl(spec: &Spec) -> String {
    let options = back::hlsl::Options {
        shader_model: back::hlsl::ShaderModel::V6_6,
        zero_initialize_workgroup_memory: false,
        restrict_indexing: false,
        force_loop_bounding: false,
        ..Default::default()
    };
    let entry = back::hlsl::PipelineOptions { entry_point: Some((naga::ShaderStage::Compute, "main".into())) };
    let (module, info) = module(spec);
    let mut text = String::new();
    back::hlsl::Writer::new(&mut text, &options, &entry).write(&module, &info, None).unwrap();
    text
}

#[test]
fn eight_lanes_are_for_software_alone() {
    let offered = |adapter: &AdapterSummary| {
        Tiling::ALL.into_iter().filter(|tiling| adapter.offers(tiling.needs())).collect::<Vec<_>>()
    };
    let [registers, workgroup, large] = [Tiling::Registers, Tiling::Workgroup, Tiling::Large];
    let [split, fine] = [Tiling::Split, Tiling::Fine];
    assert_eq!(offered(&card()), [registers, workgroup, large, split, fine, Tiling::Matrix8, Tiling::Matrix16]);
    let narrow = AdapterSummary { subgroup_sizes: [8, 32], ..card() }; // Intel's
    assert!(!offered(&narrow).contains(&Tiling::Subgroup));
    let software = AdapterSummary { kind: "software", subgroup_sizes: [8, 8], matrix_edges: vec![], ..card() };
    assert_eq!(offered(&software), [registers, Tiling::Subgroup, workgroup, large, split, fine]);
    for less in
        [AdapterSummary { subgroup_sizes: [4, 4], ..software.clone() }, AdapterSummary { features: vec![], ..software }]
    {
        assert_eq!(offered(&less), [registers, workgroup, large, split, fine]);
    }
}

#[test]
fn no_kernel_spills_registers_on_amd() {
    if let Some(file) = env::var_os(INTO) {
        return fs::write(file, serde_json::to_string(&verdicts()).unwrap()).unwrap();
    }
    let Some(manifest) = radv::manifest() else {
        return println!("not checked: AMD's compiler, which is not installed (Debian: mesa-vulkan-drivers)");
    };
    let folder = tempfile::tempdir().unwrap();
    let processes = FAMILIES.map(|family| {
        let file = folder.path().join(family);
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "no_kernel_spills_registers_on_amd"]).env(INTO, &file).stdout(Stdio::null());
        process.env("RADV_FORCE_FAMILY", family).env("VK_DRIVER_FILES", &manifest).env("VK_ICD_FILENAMES", &manifest);
        (file, process.spawn().unwrap())
    });
    let found = processes.map(|(file, mut process)| {
        assert!(process.wait().unwrap().success(), "the process that compiles into {} failed", file.display());
        serde_json::from_slice::<Result<Verdicts, String>>(&fs::read(file).unwrap()).unwrap()
    });
    match found.into_iter().collect::<Result<Vec<Verdicts>, String>>() {
        Ok(of_family) => judge(&of_family),
        Err(reason) => println!("not checked: AMD's compiler: {reason}"),
    }
}

/// A verdict on each kernel of [`given`].
type Verdicts = Vec<Verdict>;

/// Every kernel compiled for the family that this process was started with, or why not.
fn verdicts() -> Result<Verdicts, String> {
    let compiler = radv::Compiler::open()?;
    let compile = |spec| compiler.compile(spec, &spirv(spec)).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
    Ok(given().map(compile).collect())
}

/// Prints the verdicts of [`FAMILIES`] as a table in Markdown, and fails on those that no kernel may have.
fn judge(of_family: &[Verdicts]) {
    type Figure = (&'static str, fn(&Verdict) -> u64);
    let figures: [Figure; 8] = [
        ("subgroup", |verdict| verdict.subgroup),
        ("registers", |verdict| verdict.registers),
        ("spilled", |verdict| verdict.spilled),
        ("scratch", |verdict| verdict.scratch),
        ("workgroup memory", |verdict| verdict.workgroup_bytes),
        ("occupancy", |verdict| verdict.occupancy),
        ("latency", |verdict| verdict.latency),
        ("inverse throughput", |verdict| verdict.throughput),
    ];
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for (number, spec) in given().enumerate() {
        let cell = |(_, figure): Figure| {
            let found: Vec<u64> = of_family.iter().map(|verdicts| figure(&verdicts[number])).collect();
            let same = found.iter().all(|one| *one == found[0]);
            found[..if same { 1 } else { found.len() }].iter().map(u64::to_string).collect::<Vec<_>>().join(" / ")
        };
        table += &format!("\n| {} | {} |", spec.name, figures.map(cell).join(" | "));
        for (family, verdicts) in FAMILIES.iter().zip(of_family) {
            let Verdict { spilled, scratch, .. } = verdicts[number];
            if spilled + scratch > 0 {
                wrong.push(format!(
                    "{} on {family}: {spilled} registers spilled, {scratch} bytes of scratch",
                    spec.name
                ));
            }
        }
    }
    let (names, rule) = (figures.map(|(name, _)| name).join(" | "), "---|".repeat(figures.len()));
    println!("{}; one figure where all are the same\n\n| kernel | {names} |\n|---|{rule}{table}", FAMILIES.join(" / "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn microsofts_compiler_takes_every_kernel() {
    let compiler = match dxc::Compiler::open() {
        Ok(compiler) => compiler,
        Err(reason) => return println!("not checked: Microsoft's compiler: {reason}"),
    };
    let error = compiler.compile("[numthreads(1, 1, 1)] void main() { nothing(); }", "main").unwrap_err();
    assert!(error.contains("undeclared identifier 'nothing'"), "{error}");
    let row = |spec: &'static Spec| {
        let dxil = compiler.compile(&hlsl(spec), "main").unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        format!("\n| {} | {} |", spec.name, dxil.len())
    };
    println!("| kernel | bytes of DXIL |\n|---|---|{}", given().map(row).collect::<String>());
}
