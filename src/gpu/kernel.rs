//! What a kernel declares about its shader, stated once; tests compare it with naga's reflection of the text.

use super::Role;
use std::fmt;

/// A place among the bindings of a shader, and the variable bound there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Number of its group.
    pub group: u32,
    /// Number of its binding within the group.
    pub binding: u32,
    /// Name of the shader's variable.
    pub name: &'static str,
}

impl Slot {
    /// A buffer with parameters of a launch, in uniform address space.
    pub const fn uniform(self) -> Binding {
        Binding { slot: self, access: Access::Uniform }
    }

    /// A storage buffer that the shader only loads from.
    pub const fn read(self) -> Binding {
        Binding { slot: self, access: Access::Read }
    }

    /// A storage buffer that the shader loads from and stores to.
    pub const fn read_write(self) -> Binding {
        Binding { slot: self, access: Access::ReadWrite }
    }
}

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Loads from uniform address space.
    Uniform,
    /// Loads from storage.
    Read,
    /// Loads from storage and stores to it.
    ReadWrite,
}

/// A buffer that a kernel binds, and how it uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub slot: Slot,
    /// How.
    pub access: Access,
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `u32`
    U32,
    /// `f32`
    F32,
}

/// One field of a kernel's `Args`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, the same in Rust and WGSL.
    pub name: &'static str,
    /// Its type; every field is four bytes wide and they follow one another.
    pub scalar: Scalar,
}

/// A file of `shaders/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path below `shaders/`.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// What a kernel asks of a device beyond what WebGPU promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A software adapter with subgroups, each of at least so many invocations: workgroups are no larger, so that on
    /// hardware most of a subgroup would be idle, and their tiles take more registers than it has.
    NarrowSubgroups(u32),
    /// Cooperative matrices of so many rows and columns, with operands in f16 and sums in f32.
    Matrices(u32),
}

impl Needs {
    /// What the shader begins with. naga takes subgroups for granted; browsers want `enable subgroups;` there.
    const fn directive(self) -> &'static str {
        match self {
            Needs::Nothing | Needs::NarrowSubgroups(_) => "",
            Needs::Matrices(_) => "enable f16, wgpu_cooperative_matrix; ",
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Needs::Nothing => f.write_str("nothing"),
            Needs::NarrowSubgroups(size) => write!(f, "a software adapter with subgroups of at least {size}"),
            Needs::Matrices(edge) => write!(f, "cooperative matrices of {edge} × {edge} in f16"),
        }
    }
}

/// Everything the host needs to know about a shader.
#[derive(Debug)]
pub struct Spec {
    /// The kernel's name; a variant adds what sets it apart: `linear relu of u8 images`.
    pub name: String,
    /// The shader: the kernel's own file first, then what it is put together with.
    pub sources: Vec<Source>,
    /// Its buffers, by group and binding. Where none of them lies in group 0, that group is the step's
    /// [`Batch`](super::Batch) record.
    pub bindings: Vec<Binding>,
    /// Fields of `Args`, in order, which each launch brings along at [`Spec::ARGS`]; empty where the shader has none.
    pub args: &'static [Field],
    /// Invocations of a workgroup.
    pub workgroup: [u32; 3],
    /// What a device must offer.
    pub needs: Needs,
    /// Whether it may run without WebGPU's runtime checks: a promise that it stays within its buffers and ends, which this
    /// crate makes for its own shaders alone.
    pub(crate) trusted: bool,
}

impl Spec {
    /// A shader of one file that is not of this crate, with an entry point `main`. It runs with WebGPU's runtime checks.
    pub fn new(name: impl Into<String>, source: Source, bindings: &[Binding], workgroup: [u32; 3]) -> Spec {
        Spec {
            name: name.into(),
            sources: vec![source],
            bindings: bindings.to_vec(),
            args: &[],
            workgroup,
            needs: Needs::Nothing,
            trusted: false,
        }
    }

    /// Where the arguments of a launch are bound.
    pub const ARGS: Slot = Slot { group: Role::GROUP, binding: 0, name: "args" };

    /// The whole shader.
    pub fn shader(&self) -> String {
        self.shader_of(|source| source.text.into())
    }

    /// The whole shader with `text` of each source. WGSL declarations may come in any order, so files are simply joined.
    pub fn shader_of(&self, text: impl Fn(&Source) -> String) -> String {
        self.needs.directive().to_string() + &self.sources.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// Whether group 0 is the record of the step.
    pub fn takes_batch(&self) -> bool {
        self.bindings.iter().all(|binding| binding.slot.group > 0)
    }
}

/// Rust's side of a shader's `Args`.
pub trait Args: bytemuck::Pod {
    /// Its fields, in order.
    const FIELDS: &'static [Field];
}

/// The arguments of a kernel that takes none.
impl Args for () {
    const FIELDS: &'static [Field] = &[];
}

/// Declares a kernel's arguments once: the struct as it lies in memory and the list of its fields.
macro_rules! args {
    ($(#[$doc:meta])* pub struct Args { $($(#[$field_doc:meta])* $field:ident: $kind:ident,)+ }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct Args { $($(#[$field_doc])* pub $field: $kind,)+ }
        impl $crate::gpu::Args for Args {
            const FIELDS: &'static [$crate::gpu::Field] =
                &[$($crate::gpu::Field { name: stringify!($field), scalar: $crate::gpu::args!(@scalar $kind) },)+];
        }
    };
    (@scalar u32) => { $crate::gpu::Scalar::U32 };
    (@scalar f32) => { $crate::gpu::Scalar::F32 };
}
pub(crate) use args;

/// A file of `shaders/` with its text, read at compile time.
macro_rules! source {
    ($file:literal) => {
        $crate::gpu::Source { file: $file, text: include_str!(concat!("../../shaders/", $file)) }
    };
}
pub(crate) use source;
