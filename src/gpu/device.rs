//! Adapters, the choice among them, and the open device.

use super::{
    Injection, Needs, Precision, Spec, Tiling, Tilings, cache::PipelineCache, heap::device_heap, injection::Injector,
    wait::Fault,
};
use crate::{Error, Result};
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Which adapter is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The best adapter, hardware before software.
    Best,
    /// The adapter at this place of [`adapters`].
    Index(usize),
}

/// How to open a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Keep the bounds checks and loop bounds that WebGPU demands; slower, used to prove that they are not needed.
    pub checked: bool,
    /// The lowest precision that products may have, where the adapter has what it takes.
    pub precision: Precision,
    /// The longest wait for the device, after which it counts as hanging; none: five minutes.
    pub wait: Option<Duration>,
    /// A fault to make on purpose.
    pub injection: Option<Injection>,
}

/// Name, driver, limits and features of an adapter.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterSummary {
    /// Its place in the list; what `--device INDEX` takes.
    pub index: usize,
    /// The adapter's name.
    pub name: String,
    /// The driver and its version.
    pub driver: String,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// Largest storage buffer a kernel can see, in bytes.
    pub max_binding_bytes: u64,
    /// Workgroup memory, in bytes.
    pub max_workgroup_bytes: u32,
    /// Invocations per workgroup.
    pub max_invocations: u32,
    /// Smallest and largest subgroup.
    pub subgroup_sizes: [u32; 2],
    /// Optional features that matter here and are present.
    pub features: Vec<&'static str>,
    /// Rows and columns of the cooperative matrices that mixed precision can use, largest first: operands in f16, sums in f32.
    pub matrix_edges: Vec<u32>,
}

impl AdapterSummary {
    /// Whether a processor does the work.
    pub fn is_software(&self) -> bool {
        self.kind == "software"
    }

    /// Whether the adapter is given kernels with these needs.
    pub fn offers(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::NarrowSubgroups(invocations) => {
                self.is_software() && self.features.contains(&SUBGROUPS) && self.subgroup_sizes[0] >= invocations
            }
            Needs::Matrices(edge) => self.matrix_edges.contains(&edge),
        }
    }
}

/// The name of wgpu's feature of that name in [`AdapterSummary::features`].
const SUBGROUPS: &str = "subgroups";

fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(descriptor.with_env())
}

fn summary(index: usize, adapter: &wgpu::Adapter) -> AdapterSummary {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    let known = [
        (wgpu::Features::SUBGROUP, SUBGROUPS),
        (wgpu::Features::SHADER_F16, "f16"),
        (wgpu::Features::TIMESTAMP_QUERY, "timestamps"),
        (wgpu::Features::PIPELINE_CACHE, "pipeline cache"),
        (wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX, "cooperative matrices"),
    ];
    AdapterSummary {
        index,
        name: info.name,
        driver: [info.driver, info.driver_info].join(" ").trim().to_string(),
        backend: info.backend.to_string(),
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        },
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
        max_invocations: limits.max_compute_invocations_per_workgroup,
        subgroup_sizes: [info.subgroup_min_size, info.subgroup_max_size],
        features: known.iter().filter(|(bit, _)| features.contains(*bit)).map(|(_, name)| *name).collect(),
        matrix_edges: matrix_edges(adapter),
    }
}

/// What [`Precision::Mixed`] asks of a device.
const MIXED: wgpu::Features =
    wgpu::Features::SUBGROUP.union(wgpu::Features::SHADER_F16).union(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX);

fn matrix_edges(adapter: &wgpu::Adapter) -> Vec<u32> {
    use wgpu::CooperativeScalarType::{F16, F32};
    if !adapter.features().contains(MIXED) {
        return Vec::new();
    }
    let offered = adapter.cooperative_matrix_properties();
    let edges = [16, 8].into_iter();
    edges
        .filter(|&edge| {
            offered.iter().any(|matrix| {
                [matrix.m_size, matrix.n_size, matrix.k_size] == [edge; 3]
                    && (matrix.ab_type, matrix.cr_type) == (F16, F32)
            })
        })
        .collect()
}

fn enumerate() -> Vec<wgpu::Adapter> {
    pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY))
}

/// Every adapter found, in the order of `--device INDEX`.
pub fn adapters() -> Vec<AdapterSummary> {
    enumerate().iter().enumerate().map(|(index, adapter)| summary(index, adapter)).collect()
}

/// An open device and what was compiled for it.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) pipelines: Mutex<HashMap<String, Arc<super::pipeline::Pipeline>>>,
    pub(super) timestamps: bool,
    pub(super) cache: Option<PipelineCache>,
    summary: AdapterSummary,
    heap: Option<u64>,
    options: Options,
    pub(super) fault: Arc<Mutex<Option<Fault>>>,
    /// Whether the device was lost or hangs, and is not released.
    pub(super) abandoned: AtomicBool,
    pub(super) injector: Option<Injector>,
}

impl Gpu {
    /// Opens the adapter of `choice`.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] where there is none, [`Error::Gpu`] where its driver refuses.
    pub fn open(choice: &AdapterChoice, mut options: Options) -> Result<Gpu> {
        let mut found = enumerate();
        let summaries: Vec<_> = found.iter().enumerate().map(|(index, adapter)| summary(index, adapter)).collect();
        let index = match choice {
            AdapterChoice::Index(index) if *index < found.len() => *index,
            AdapterChoice::Index(index) => {
                let problem = format!("there is no adapter {index}: {} found, see `wgvae devices`", found.len());
                return Err(Error::NoAdapter { problem });
            }
            AdapterChoice::Best => best(&summaries)
                .ok_or_else(|| Error::NoAdapter { problem: "no Vulkan, Metal or DX12 adapter found".into() })?,
        };
        let (adapter, summary) = (found.swap_remove(index), summaries[index].clone());
        let (offered, mut limits) = (adapter.limits(), wgpu::Limits::default());
        limits.max_storage_buffer_binding_size = offered.max_storage_buffer_binding_size;
        limits.max_buffer_size = offered.max_buffer_size;
        let useful = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP | wgpu::Features::PIPELINE_CACHE;
        let mut wanted = useful & adapter.features();
        let mut experimental_features = wgpu::ExperimentalFeatures::disabled();
        if summary.matrix_edges.is_empty() {
            options.precision = Precision::F32;
        }
        if options.precision == Precision::Mixed {
            wanted |= MIXED;
            // SAFETY: wgpu warns that experimental features may have bugs. The shaders that use this one are valid for naga and
            // stay within their buffers; `train::tuning` holds them to the oracle on the device at hand before it chooses them.
            experimental_features = unsafe { wgpu::ExperimentalFeatures::enabled() };
        }
        let refused = |error: wgpu::RequestDeviceError| Error::Gpu {
            context: format!("opening {}", summary.name),
            problem: error.to_string(),
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("wgvae"),
            required_features: wanted,
            required_limits: limits,
            experimental_features,
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        }))
        .map_err(refused)?;
        let fault = Arc::new(Mutex::new(None));
        let keep = |fault: &Arc<Mutex<Option<Fault>>>| {
            let fault = Arc::clone(fault);
            move |found: Fault| {
                fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
            }
        };
        let (on_error, on_loss) = (keep(&fault), keep(&fault));
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| match error {
            wgpu::Error::OutOfMemory { .. } => on_error(Fault::OutOfMemory(error.to_string())),
            _ => on_error(Fault::Other(error.to_string())),
        }));
        device.set_device_lost_callback(move |reason, text| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                on_loss(Fault::Lost(text));
            }
        });
        let cached = wanted.contains(wgpu::Features::PIPELINE_CACHE);
        Ok(Gpu {
            cache: if cached && !options.checked { PipelineCache::open(&device, &summary) } else { None },
            timestamps: wanted.contains(wgpu::Features::TIMESTAMP_QUERY),
            device,
            queue,
            pipelines: Mutex::default(),
            heap: device_heap(&adapter),
            summary,
            injector: options.injection.map(Injector::new),
            options,
            fault,
            abandoned: AtomicBool::new(false),
        })
    }

    /// Another device on the same adapter, which keeps no compiled kernels for the next process: one file has one writer.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn again(&self) -> Result<Gpu> {
        let options = Options { injection: None, ..self.options };
        let mut gpu = Gpu::open(&AdapterChoice::Index(self.summary.index), options)?;
        gpu.cache = None;
        Ok(gpu)
    }

    /// The adapter that was opened.
    pub fn adapter(&self) -> &AdapterSummary {
        &self.summary
    }

    /// Bytes of memory that the adapter is known to bear: three quarters of its own, where its driver says how much that is.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.heap.map(|heap| heap / 4 * 3)
    }

    /// Whether the device runs `spec`.
    pub fn runs(&self, spec: &Spec) -> bool {
        self.offers(spec.needs)
    }

    /// Whether the device has what a kernel needs, at the precision it was opened for.
    pub fn offers(&self, needs: Needs) -> bool {
        let precise = !matches!(needs, Needs::Matrices(_)) || self.options.precision == Precision::Mixed;
        precise && self.summary.offers(needs)
    }

    /// Whether the device has what all of `tilings` need.
    pub fn supports(&self, tilings: Tilings) -> bool {
        tilings.needs().into_iter().all(|needs| self.offers(needs))
    }

    /// `wanted`, or where that is nothing or the device lacks one of them, [`Gpu::tilings`].
    pub fn usable(&self, wanted: Option<Tilings>) -> Tilings {
        wanted.filter(|&tilings| self.supports(tilings)).unwrap_or_else(|| self.tilings())
    }

    /// The tilings to begin with where nothing was measured.
    pub fn tilings(&self) -> Tilings {
        self.tilings_of(self.precision())
    }

    /// As [`Gpu::tilings`], for products of `precision`, at most the device's.
    pub fn tilings_of(&self, precision: Precision) -> Tilings {
        let all = Tilings::all(Tiling::Subgroup);
        let subgroups = self.supports(all);
        let latent = if subgroups { all.latent } else { Tilings::default().latent };
        let mut matrices = [Tiling::Matrix16, Tiling::Matrix8].into_iter().filter(|_| precision == Precision::Mixed);
        let matrices = matrices.find(|tiling| self.offers(tiling.needs()));
        let products = match matrices {
            Some(tiling) => tiling,
            None if subgroups => Tiling::Subgroup,
            None if self.summary.is_software() => Tiling::Registers,
            None => Tiling::Split,
        };
        Tilings { latent, ..Tilings::all(products) }
    }

    /// The lowest precision that products may have: what it was opened for, unless the adapter lacks that.
    pub fn precision(&self) -> Precision {
        self.options.precision
    }

    /// How it was opened.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Whether shaders were compiled with WebGPU's runtime checks.
    pub fn checked(&self) -> bool {
        self.options.checked
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        if !self.abandoned.load(Ordering::Relaxed) {
            self.cache.iter().for_each(PipelineCache::save);
        }
    }
}

/// The adapter that [`AdapterChoice::Best`] takes: hardware before software, and among hardware the discrete card.
pub fn best(adapters: &[AdapterSummary]) -> Option<usize> {
    let rank = |kind: &str| ["discrete", "integrated", "virtual", "other", "software"].iter().position(|&k| k == kind);
    adapters.iter().min_by_key(|adapter| rank(adapter.kind)).map(|adapter| adapter.index)
}
