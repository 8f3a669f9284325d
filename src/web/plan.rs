//! Programs as plain data for a host that knows no kernel: every shader once, dispatches with their arguments, and the buffers they
//! bind by name.

use super::base64;
use crate::{
    Error, Result,
    gpu::{Access, Batch, Binding, Field, Matrix, Needs, Program, Scalar, Slot, Spec, vec4s},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Programs that share buffers, and all that a host must know to run them.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The shaders, each once.
    shaders: Vec<String>,
    /// The kernels that dispatches name by number.
    kernels: Vec<Kernel>,
    /// Every buffer by the name that kernels bind it by.
    buffers: BTreeMap<&'static str, Storage>,
    /// Dispatches in the order of execution.
    programs: BTreeMap<&'static str, Vec<Launch>>,
    /// How the record of a step lies in memory.
    record: Record,
    /// What the programs ask of a device, by WebGPU's names of limits.
    limits: BTreeMap<&'static str, u64>,
    #[serde(skip)]
    specs: Vec<&'static Spec>,
}

/// A shader and how it is bound.
#[derive(Clone, Debug, Serialize)]
struct Kernel {
    name: &'static str,
    /// Number of its shader.
    shader: usize,
    /// Whether group 0 is the record of the step, at a dynamic offset.
    record: bool,
    /// Where its arguments are bound, group and binding; none of a kernel without.
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[u32; 2]>,
    bindings: Vec<Bound>,
}

/// A buffer that a kernel binds.
#[derive(Clone, Debug, Serialize)]
struct Bound {
    group: u32,
    binding: u32,
    /// WebGPU's name of the type of binding.
    access: &'static str,
    buffer: &'static str,
}

/// A buffer of the device.
#[derive(Clone, Debug, Serialize)]
struct Storage {
    /// Its size: a multiple of 16, and never 0, because an empty buffer cannot be bound.
    bytes: u64,
    /// Whether it is bound in uniform address space.
    uniform: bool,
    /// What lies at its beginning, in base64; the rest is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

/// One launch of one kernel.
#[derive(Clone, Debug, Serialize)]
struct Launch {
    /// Number of its kernel.
    kernel: usize,
    /// Words of its arguments.
    args: Vec<u32>,
    /// Workgroups along x and y; those along z are the steps that it covers.
    groups: [u32; 2],
    /// Whether it takes the record of the step's samples.
    sampled: bool,
}

/// The record of a step.
#[derive(Clone, Debug, Serialize)]
struct Record {
    /// Bytes from one record to the next. A step has two: that of its images, and behind it that of their samples.
    stride: u32,
    /// Bytes that a shader sees of it.
    bytes: u64,
    /// Samples of each image.
    samples: usize,
    /// Name and type of each word, in order.
    words: Vec<[&'static str; 2]>,
}

/// Where a matrix lies in its buffer: rows of `stride` four-byte words, of which the first `columns` are values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Its first word.
    start: usize,
    rows: usize,
    columns: usize,
    stride: usize,
}

impl From<Matrix> for Place {
    fn from(matrix: Matrix) -> Place {
        let [start, rows, columns] = [matrix.start, matrix.rows, matrix.columns].map(|number| number as usize);
        Place { start: 4 * start, rows, columns, stride: 4 * vec4s(columns) }
    }
}

impl Plan {
    /// A plan without programs, whose steps have so many samples of each image.
    pub fn new(samples: usize) -> Plan {
        let scalar = |field: &Field| match field.scalar {
            Scalar::U32 => [field.name, "u32"],
            Scalar::F32 => [field.name, "f32"],
        };
        let words = Batch::FIELDS.iter().map(scalar).collect();
        Plan {
            shaders: Vec::new(),
            kernels: Vec::new(),
            buffers: BTreeMap::new(),
            programs: BTreeMap::new(),
            record: Record { stride: Batch::STRIDE, bytes: Batch::BYTES, samples, words },
            limits: BTreeMap::new(),
            specs: Vec::new(),
        }
    }

    /// Adds a buffer of so many bytes, zero at first.
    pub fn buffer(&mut self, slot: impl Into<Slot>, bytes: u64) {
        self.place(slot.into().read_write(), bytes, None);
    }

    /// Adds a buffer with `content`.
    pub fn upload(&mut self, slot: impl Into<Slot>, content: &[u8]) {
        self.upload_for(slot.into().read_write(), content);
    }

    /// As [`Plan::upload`], for the address space of `binding`.
    pub fn upload_for(&mut self, binding: Binding, content: &[u8]) {
        self.place(binding, content.len() as u64, Some(base64(content)));
    }

    /// Adds a buffer of so many bytes for the address space of `binding`.
    pub(super) fn room(&mut self, binding: Binding, bytes: u64) {
        self.place(binding, bytes, None);
    }

    /// Drops buffers and programs; kernels and what they need stay.
    pub(super) fn clear(&mut self) {
        self.buffers.clear();
        self.programs.clear();
    }

    /// Raises each of `limits` to what this plan needs.
    pub(super) fn raise(&self, limits: &mut BTreeMap<&'static str, u64>) {
        for (&limit, &least) in &self.limits {
            let needed = limits.entry(limit).or_default();
            *needed = least.max(*needed);
        }
    }

    fn place(&mut self, binding: Binding, bytes: u64, content: Option<String>) {
        let bytes = bytes.max(1).next_multiple_of(16);
        let uniform = binding.access == Access::Uniform;
        let limit = if uniform { "maxUniformBufferBindingSize" } else { "maxStorageBufferBindingSize" };
        self.need(limit, bytes);
        self.need("maxBufferSize", bytes);
        self.buffers.insert(binding.slot.name, Storage { bytes, uniform, content });
    }

    /// Adds `program` under `name`. Its buffers must have been added before.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a kernel that needs more than WebGPU promises, or binds a buffer that is not there.
    pub fn program(&mut self, name: &'static str, program: &Program) -> Result<()> {
        let mut launches = Vec::new();
        for dispatch in &program.dispatches {
            let kernel = self.kernel(dispatch.spec)?;
            let args = bytemuck::pod_collect_to_vec(&dispatch.args);
            let groups = dispatch.groups;
            self.need("maxComputeWorkgroupsPerDimension", u64::from(groups[0].max(groups[1])));
            launches.push(Launch { kernel, args, groups, sampled: dispatch.sampled });
        }
        self.programs.insert(name, launches);
        Ok(())
    }

    /// The number of the kernel of `spec`, which is added where it is new.
    fn kernel(&mut self, spec: &'static Spec) -> Result<usize> {
        if let Some(number) = self.specs.iter().position(|own| std::ptr::eq(*own, spec)) {
            return Ok(number);
        }
        if spec.needs != Needs::Nothing {
            let problem = format!("needs {}, which browsers do not promise: choose another tiling", spec.needs);
            return Err(Error::invalid(format!("kernel {}", spec.name), problem));
        }
        if let Some(missing) = spec.bindings.iter().find(|binding| !self.buffers.contains_key(binding.slot.name)) {
            return Err(Error::invalid(
                format!("kernel {}", spec.name),
                format!("no buffer for {}", missing.slot.name),
            ));
        }
        let storage = spec.bindings.iter().filter(|binding| binding.access != Access::Uniform).count();
        self.need("maxStorageBuffersPerShaderStage", storage as u64);
        self.need("maxComputeInvocationsPerWorkgroup", spec.workgroup.iter().product::<u32>().into());
        for (limit, size) in ["maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ"]
            .into_iter()
            .zip(spec.workgroup)
        {
            self.need(limit, size.into());
        }
        let text = spec.shader();
        let shader = self.shaders.iter().position(|own| *own == text).unwrap_or_else(|| {
            self.shaders.push(text);
            self.shaders.len() - 1
        });
        let bound = |binding: &Binding| Bound {
            group: binding.slot.group,
            binding: binding.slot.binding,
            access: match binding.access {
                Access::Uniform => "uniform",
                Access::Read => "read-only-storage",
                Access::ReadWrite => "storage",
            },
            buffer: binding.slot.name,
        };
        self.kernels.push(Kernel {
            name: &spec.name,
            shader,
            record: spec.takes_batch(),
            args: (!spec.args.is_empty()).then_some([Spec::ARGS.group, Spec::ARGS.binding]),
            bindings: spec.bindings.iter().map(bound).collect(),
        });
        self.specs.push(spec);
        Ok(self.kernels.len() - 1)
    }

    /// Raises what is asked of a limit to `least`.
    fn need(&mut self, limit: &'static str, least: u64) {
        let needed = self.limits.entry(limit).or_default();
        *needed = least.max(*needed);
    }
}
