//! What a kernel declares about its shader, stated once; tests compare it with naga's reflection of the text.

use crate::check::Case;
use std::fmt;

/// What a storage buffer is for. Its number is the binding number of that buffer in group 1 of every shader;
/// binding 0 of group 1 is the kernel's arguments, and group 0 holds the [`Batch`](super::Batch) record alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Role {
    /// Learnable values: each weight `[out, in4]`, its bias behind it.
    Params = 1,
    /// What the forward pass keeps.
    Activations = 2,
    /// Gradients of activations.
    Signals = 3,
    /// The images of a split, as bytes or floats.
    Images = 4,
    /// Which image stands where in the epoch.
    Order = 5,
    /// The class of each image.
    Labels = 6,
    /// ε of every step of a submit.
    Noise = 7,
    /// Loss partials of every step of a submit.
    Partials = 8,
    /// The layer table of the update.
    Layers = 9,
    /// Adam's first moment, laid out as the params.
    FirstMoment = 10,
    /// Adam's second moment, laid out as the params.
    SecondMoment = 11,
    /// Gradients of the params, laid out as the params.
    Gradients = 12,
    /// (reconstruction, KL) of every step of an epoch.
    Losses = 13,
}

impl Role {
    /// Every role, by number.
    pub const ALL: [Role; 13] = [
        Role::Params,
        Role::Activations,
        Role::Signals,
        Role::Images,
        Role::Order,
        Role::Labels,
        Role::Noise,
        Role::Partials,
        Role::Layers,
        Role::FirstMoment,
        Role::SecondMoment,
        Role::Gradients,
        Role::Losses,
    ];

    /// The name of the variable that shaders bind it to.
    pub fn name(self) -> &'static str {
        match self {
            Role::Params => "params",
            Role::Activations => "activations",
            Role::Signals => "signals",
            Role::Images => "images",
            Role::Order => "order",
            Role::Labels => "labels",
            Role::Noise => "noise",
            Role::Partials => "partials",
            Role::Layers => "layers",
            Role::FirstMoment => "first_moment",
            Role::SecondMoment => "second_moment",
            Role::Gradients => "gradients",
            Role::Losses => "losses",
        }
    }
}

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only loads.
    Read,
    /// Loads and stores.
    ReadWrite,
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

/// A one-token change of a shader that its cases must reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Text that occurs exactly once in the kernel's shader.
    pub find: &'static str,
    /// What it becomes.
    pub replace: &'static str,
}

/// What a kernel asks of a device beyond what WebGPU promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Subgroups, each of at least so many invocations.
    Subgroups(u32),
    /// Cooperative matrices of so many rows and columns, with operands in f16 and sums in f32.
    Matrices(u32),
}

impl Needs {
    /// What the shader begins with. naga takes subgroups for granted; browsers want `enable subgroups;` there.
    const fn directive(self) -> &'static str {
        match self {
            Needs::Nothing | Needs::Subgroups(_) => "",
            Needs::Matrices(_) => "enable f16, wgpu_cooperative_matrix; ",
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Needs::Nothing => f.write_str("nothing"),
            Needs::Subgroups(size) => write!(f, "subgroups of at least {size}"),
            Needs::Matrices(edge) => write!(f, "cooperative matrices of {edge} × {edge} in f16"),
        }
    }
}

/// Everything the host needs to know about a shader.
#[derive(Debug)]
pub struct Spec {
    /// The kernel's name; a variant adds what sets it apart: `linear relu images_u8`.
    pub name: &'static str,
    /// The shader: the kernel's own file first, then what it is put together with.
    pub sources: &'static [Source],
    /// Storage buffers by rising role.
    pub bindings: &'static [(Role, Access)],
    /// Fields of `Args`, in order.
    pub args: &'static [Field],
    /// Invocations of a workgroup.
    pub workgroup: [u32; 3],
    /// What a device must offer.
    pub needs: Needs,
    /// Inputs and what the oracle makes of them.
    pub cases: fn() -> Vec<Case>,
    /// Changes that the cases must reject.
    pub mutants: &'static [Mutant],
}

impl Spec {
    /// The whole shader.
    pub fn shader(&self) -> String {
        self.shader_of(|source| source.text.into())
    }

    /// The whole shader with `text` of each source. WGSL declarations may come in any order, so files are simply joined.
    pub fn shader_of(&self, text: impl Fn(&Source) -> String) -> String {
        self.needs.directive().to_string() + &self.sources.iter().map(text).collect::<Vec<_>>().join("\n")
    }
}

/// Rust's side of a shader's `Args`.
pub trait Args: bytemuck::Pod {
    /// Its fields, in order.
    const FIELDS: &'static [Field];
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
