//! The buffers of this crate's own kernels, by what they are for.

use super::{Binding, Slot};

/// What a storage buffer is for. Its number is the binding number of that buffer in [`Role::GROUP`] of every shader of this
/// crate; binding 0 there is the kernel's arguments, and group 0 holds the [`Batch`](super::Batch) record alone.
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
    /// (reconstruction, KL, bound, gradient norm) of every step of an epoch.
    Losses = 13,
    /// The images of a split before they are made black and white, as bytes.
    Gray = 14,
}

impl Role {
    /// The group of all of them.
    pub const GROUP: u32 = 1;

    /// Every role, by number.
    pub const ALL: [Role; 14] = [
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
        Role::Gray,
    ];

    /// The name of the variable that shaders bind it to.
    pub const fn name(self) -> &'static str {
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
            Role::Gray => "gray",
        }
    }

    /// Where shaders bind it.
    pub const fn slot(self) -> Slot {
        Slot { group: Role::GROUP, binding: self as u32, name: self.name() }
    }

    /// It, for a kernel that has it in uniform address space.
    pub const fn uniform(self) -> Binding {
        self.slot().uniform()
    }

    /// It, for a kernel that only loads from it.
    pub const fn read(self) -> Binding {
        self.slot().read()
    }

    /// It, for a kernel that stores to it.
    pub const fn read_write(self) -> Binding {
        self.slot().read_write()
    }
}

impl From<Role> for Slot {
    fn from(role: Role) -> Slot {
        role.slot()
    }
}
