//! Every shader against its declaration, without a GPU: reflection, limits, translations, other compilers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use naga::{AddressSpace, Module, ShaderStage, StorageAccess, TypeInner, proc::Layouter, valid::ModuleInfo};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::Path,
    process::Command,
    ptr,
};
use wgvae::{
    gpu::{Access, Batch, Needs, Scalar, Spec, Tiling},
    kernels::{
        self, linear, linear_backward, output, update,
        update::{Entry, LAYERS},
    },
};

fn specs() -> impl Iterator<Item = &'static Spec> {
    kernels::all()
}

/// Demands core WebGPU, and what kernels say they need beyond it.
fn validator(spec: &Spec) -> naga::valid::Validator {
    use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
    let capabilities = match spec.needs {
        Needs::Nothing => return Validator::new(ValidationFlags::all(), Capabilities::empty()),
        Needs::NarrowSubgroups(_) => Capabilities::SUBGROUP,
        Needs::Matrices(_) => Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX,
    };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    validator
}

/// Every shader parsed and validated.
fn modules() -> impl Iterator<Item = (&'static Spec, Module, ModuleInfo)> {
    specs().map(|spec| {
        let text = spec.shader();
        let module =
            naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        let info = validator(spec)
            .validate(&module)
            .unwrap_or_else(|error| panic!("{}: {}", spec.name, error.emit_to_string(&text)));
        (spec, module, info)
    })
}

/// (name, type, offset) of the fields of the struct `name`.
fn fields(module: &Module, name: &str) -> Vec<(String, Option<Scalar>, u32)> {
    let found = module.types.iter().find(|(_, found)| found.name.as_deref() == Some(name));
    let Some((_, naga::Type { inner: TypeInner::Struct { members, .. }, .. })) = found else {
        panic!("no struct {name}")
    };
    let kind = |member: &naga::StructMember| match module.types[member.ty].inner {
        TypeInner::Scalar(naga::Scalar { kind: naga::ScalarKind::Uint, width: 4 }) => Some(Scalar::U32),
        TypeInner::Scalar(naga::Scalar { kind: naga::ScalarKind::Float, width: 4 }) => Some(Scalar::F32),
        _ => None,
    };
    members.iter().map(|member| (member.name.clone().unwrap(), kind(member), member.offset)).collect()
}

#[test]
fn every_file_belongs_to_a_kernel_and_is_the_one_on_disk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        folders.collect::<BTreeSet<_>>(),
        BTreeSet::from(["kernels", "latents", "parts", "products"].map(String::from))
    );
    let list = |folder: &str| {
        let entries =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.ends_with(".wgsl")).map(|name| format!("{folder}{name}")).collect::<Vec<_>>()
    };
    let on_disk: BTreeSet<String> =
        ["kernels/", "products/", "latents/", "parts/"].map(list).concat().into_iter().collect();
    let used: BTreeSet<String> = specs().flat_map(|spec| &spec.sources).map(|source| source.file.to_string()).collect();
    assert_eq!(on_disk, used);
    for source in specs().flat_map(|spec| &spec.sources) {
        assert_eq!(fs::read_to_string(root.join(source.file)).unwrap(), source.text, "{}", source.file);
    }
}

#[test]
fn every_kernel_has_its_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for spec in specs() {
        let name = spec.sources[0].file.strip_prefix("kernels/").and_then(|file| file.strip_suffix(".wgsl")).unwrap();
        assert!(spec.name.starts_with(name), "{} starts with {name}", spec.name);
        for folder in ["kernels", "oracle", "proofs"] {
            assert!(root.join(format!("src/{folder}/{name}.rs")).exists(), "src/{folder}/{name}.rs");
        }
    }
}

#[test]
fn bindings_are_those_of_the_spec() {
    for (spec, module, _) in modules() {
        let mut bound = Vec::new();
        let mut uniforms = BTreeSet::new();
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else { continue };
            let name = variable.name.clone().unwrap();
            let access = match variable.space {
                AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Access::ReadWrite,
                AddressSpace::Storage { .. } => Access::Read,
                AddressSpace::Uniform if ["args", "batch"].contains(&name.as_str()) => {
                    uniforms.insert((name, binding.group, binding.binding));
                    continue;
                }
                AddressSpace::Uniform => Access::Uniform,
                space => panic!("{}: {name} in {space:?}", spec.name),
            };
            bound.push(((binding.group, binding.binding), name, access));
        }
        bound.sort_by_key(|(binding, ..)| *binding);
        let declared = spec
            .bindings
            .iter()
            .map(|binding| ((binding.slot.group, binding.slot.binding), binding.slot.name.to_string(), binding.access));
        assert_eq!(bound, declared.collect::<Vec<_>>(), "{}", spec.name);
        let known = BTreeSet::from([("args".to_string(), 1, 0), ("batch".to_string(), 0, 0)]);
        assert!(uniforms.is_subset(&known) && uniforms.contains(&("args".into(), 1, 0)), "{}: {uniforms:?}", spec.name);
    }
}

#[test]
fn arguments_are_those_of_the_spec() {
    for (spec, module, _) in modules() {
        let declared = spec.args.iter().zip(0..).map(|(field, i)| (field.name.to_string(), Some(field.scalar), 4 * i));
        assert_eq!(fields(&module, "Args"), declared.collect::<Vec<_>>(), "{}", spec.name);
    }
}

#[test]
fn the_batch_record_is_the_same_in_rust_and_wgsl() {
    use std::mem::offset_of;
    let rust = [
        ("first", Some(Scalar::U32), offset_of!(Batch, first)),
        ("rows", Some(Scalar::U32), offset_of!(Batch, rows)),
        ("slot", Some(Scalar::U32), offset_of!(Batch, slot)),
        ("entry", Some(Scalar::U32), offset_of!(Batch, entry)),
        ("index", None, offset_of!(Batch, index)),
        ("step_size", Some(Scalar::F32), offset_of!(Batch, step_size)),
        ("correction", Some(Scalar::F32), offset_of!(Batch, correction)),
        ("beta1", Some(Scalar::F32), offset_of!(Batch, beta1)),
        ("beta2", Some(Scalar::F32), offset_of!(Batch, beta2)),
        ("epsilon", Some(Scalar::F32), offset_of!(Batch, epsilon)),
        ("decay", Some(Scalar::F32), offset_of!(Batch, decay)),
        ("kl_weight", Some(Scalar::F32), offset_of!(Batch, kl_weight)),
        ("row", Some(Scalar::U32), offset_of!(Batch, row)),
    ]
    .map(|(name, kind, offset)| (name.to_string(), kind, offset as u32));
    let with_batch =
        modules().filter(|(spec, ..)| spec.sources.iter().any(|source| source.file.ends_with("batch.wgsl")));
    assert!(with_batch.map(|(_, module, _)| assert_eq!(fields(&module, "Batch"), rust)).count() > 0);
}

#[test]
fn the_layer_table_is_the_same_in_rust_and_wgsl() {
    use std::mem::offset_of;
    let rust = [
        ("group", offset_of!(Entry, group)),
        ("images", offset_of!(Entry, images)),
        ("x", offset_of!(Entry, x)),
        ("dy", offset_of!(Entry, dy)),
        ("w", offset_of!(Entry, w)),
        ("b", offset_of!(Entry, b)),
        ("k", offset_of!(Entry, k)),
        ("n", offset_of!(Entry, n)),
    ]
    .map(|(name, offset)| (name.to_string(), Some(Scalar::U32), offset as u32));
    for (_, module, _) in modules().filter(|(spec, ..)| spec.sources[0].file == "kernels/update.wgsl") {
        assert_eq!(fields(&module, "Layer"), rust);
        let mut layouts = Layouter::default();
        layouts.update(module.to_ctx()).unwrap();
        let (layer, _) = module.types.iter().find(|(_, found)| found.name.as_deref() == Some("Layer")).unwrap();
        assert_eq!(layouts[layer].to_stride() as usize, size_of::<Entry>());
        assert_eq!(constant(&module, "LAYERS"), Some(LAYERS as u32));
    }
}

/// The value of the shader's constant `name`.
fn constant(module: &Module, name: &str) -> Option<u32> {
    let (_, found) = module.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name))?;
    match module.global_expressions[found.init] {
        naga::Expression::Literal(naga::Literal::U32(value)) => Some(value),
        _ => panic!("{name} is a whole number"),
    }
}

/// Columns and rows of the block that the shader's constants give a workgroup.
fn block(module: &Module, workgroup: [u32; 3]) -> [u32; 2] {
    let named = |name| constant(module, name);
    match (named("TILE"), named("SIDE"), named("COLUMNS4"), named("ROWS")) {
        (Some(tile), None, None, None) => [tile * workgroup[0], tile * workgroup[1]],
        (None, Some(side), None, None) => [side, side],
        (None, None, Some(columns4), Some(rows)) => [4 * columns4, rows],
        found => panic!("TILE, SIDE, or COLUMNS4 and ROWS: {found:?}"),
    }
}

#[test]
fn blocks_are_those_of_the_tiling() {
    let of: HashMap<*const Spec, Tiling> = linear::SPECS
        .iter()
        .map(|(variant, spec)| (ptr::from_ref(spec), variant.tiling))
        .chain(output::SPECS.iter().map(|(variant, spec)| (ptr::from_ref(spec), variant.tiling)))
        .chain(linear_backward::SPECS.iter().map(|((tiling, _), spec)| (ptr::from_ref(spec), tiling)))
        .collect();
    let gradients: HashMap<*const Spec, Tiling> =
        update::SPECS.iter().map(|(variant, spec)| (ptr::from_ref(spec), variant.tiling)).collect();
    let mut seen = 0;
    for (spec, module, _) in modules() {
        if let Some(tiling) = of.get(&ptr::from_ref(spec)) {
            assert_eq!(block(&module, spec.workgroup), tiling.block().map(|side| side as u32), "{}", spec.name);
            seen += 1;
        }
        if let Some(tiling) = gradients.get(&ptr::from_ref(spec)) {
            let side = constant(&module, "SIDE4").or(constant(&module, "TILE4")).map(|vec4| 4 * vec4);
            assert_eq!(
                side.or(constant(&module, "SIDE")).map(|side| [side; 2]),
                Some(tiling.update().block),
                "{}",
                spec.name
            );
            seen += 1;
        }
    }
    assert_eq!(seen, of.len() + gradients.len());
}

#[test]
fn workgroups_and_storage_are_within_the_default_limits_of_webgpu() {
    for (spec, module, _) in modules() {
        let [entry] = &module.entry_points[..] else { panic!("{}: one entry point", spec.name) };
        assert_eq!((entry.name.as_str(), entry.stage), ("main", ShaderStage::Compute), "{}", spec.name);
        assert_eq!(entry.workgroup_size, spec.workgroup, "{}", spec.name);
        assert!(spec.workgroup.iter().product::<u32>() <= 256, "{}", spec.name);
        let storage = spec.bindings.iter().filter(|binding| binding.access != Access::Uniform).count();
        assert!(storage <= 8, "{} binds {storage} storage buffers", spec.name);
        let mut layouts = Layouter::default();
        layouts.update(module.to_ctx()).unwrap();
        let workgroup =
            module.global_variables.iter().filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 = workgroup.map(|(_, variable)| layouts[variable.ty].size.next_multiple_of(16)).sum();
        assert!(bytes <= 16 << 10, "{} needs {bytes} bytes of workgroup memory", spec.name);
    }
}

#[test]
fn every_shader_translates_to_spirv_msl_and_hlsl() {
    let validator = Command::new("spirv-val").arg("--version").output().is_ok();
    let folder = tempfile::tempdir().unwrap();
    for (number, (spec, module, info)) in modules().enumerate() {
        // subgroup operations came with SPIR-V 1.3 and shader model 6.0
        let options = naga::back::spv::Options { lang_version: (1, 3), ..Default::default() };
        let spirv = naga::back::spv::write_vec(&module, &info, &options, None).unwrap();
        let pipeline = naga::back::msl::PipelineOptions::default();
        let options = naga::back::msl::Options { lang_version: (2, 4), ..Default::default() };
        let (metal, _) = naga::back::msl::write_string(&module, &info, &options, &pipeline).unwrap();
        assert!(metal.contains("kernel void"), "{}", spec.name);
        if matches!(spec.needs, Needs::Matrices(_)) {
            continue; // unknown to HLSL, and to many a spirv-val
        }
        let mut hlsl = String::new();
        let options =
            naga::back::hlsl::Options { shader_model: naga::back::hlsl::ShaderModel::V6_0, ..Default::default() };
        let pipeline = naga::back::hlsl::PipelineOptions::default();
        naga::back::hlsl::Writer::new(&mut hlsl, &options, &pipeline).write(&module, &info, None).unwrap();
        assert!(hlsl.contains("[numthreads("), "{}", spec.name);
        if validator {
            let file = folder.path().join(format!("{number}.spv"));
            fs::write(&file, bytemuck::cast_slice(&spirv)).unwrap();
            let output = Command::new("spirv-val").args(["--target-env", "vulkan1.1"]).arg(&file).output().unwrap();
            assert!(output.status.success(), "{}: {}", spec.name, String::from_utf8_lossy(&output.stderr));
        }
    }
    if !validator {
        println!("not checked: the SPIR-V with spirv-val, which is not installed (Debian: spirv-tools)");
    }
}

/// Tint is the compiler of Chrome and stricter than naga: among other things it proves that barriers are reached by all.
#[test]
fn tint_accepts_every_shader() {
    if Command::new("tint").arg("--help").output().is_err() {
        println!("not checked: the WGSL with tint, which is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, spec) in specs().enumerate() {
        let file = folder.path().join(format!("{number}.wgsl"));
        let enable = match spec.needs {
            Needs::Nothing => "",
            Needs::NarrowSubgroups(_) => "enable subgroups;\n",
            Needs::Matrices(_) => continue, // no browser has them under these names
        };
        fs::write(&file, format!("{enable}{}", spec.shader())).unwrap();
        let output = Command::new("tint").args(["--format", "wgsl"]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}: {}", spec.name, String::from_utf8_lossy(&output.stderr));
    }
}
