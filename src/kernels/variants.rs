//! The variants of a kernel: shaders that differ in a tiling, an activation, a format.

use crate::gpu::Spec;
use std::fmt;

/// A kernel's variants, each under what sets it apart.
pub struct Variants<K> {
    all: Vec<(K, Spec)>,
}

impl<K: Copy + PartialEq + fmt::Debug> Variants<K> {
    /// A variant for each of `keys`.
    pub(super) fn new(keys: impl IntoIterator<Item = K>, spec: impl Fn(K) -> Spec) -> Variants<K> {
        Variants { all: keys.into_iter().map(|key| (key, spec(key))).collect() }
    }

    /// Each variant and what sets it apart.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Spec)> {
        self.all.iter().map(|(key, spec)| (*key, spec))
    }

    /// Every variant.
    pub fn specs(&self) -> Vec<&Spec> {
        self.iter().map(|(_, spec)| spec).collect()
    }

    /// The variant of `key`, where the kernel has one.
    pub fn find(&self, key: K) -> Option<&Spec> {
        self.iter().find(|(found, _)| *found == key).map(|(_, spec)| spec)
    }

    /// The variant of `key`.
    ///
    /// # Panics
    /// Where the kernel has none.
    pub fn get(&self, key: K) -> &Spec {
        self.find(key).unwrap_or_else(|| panic!("a kernel has no variant {key:?}"))
    }
}
