//! A program is a list of dispatches, written down without a device; prepared for one, it is recorded with no further work.

use super::{Access, Args, Gpu, Memory, Readback, Role, Spec, Tilings, cache::PipelineCache};
use crate::{Error, Result, model::Adam};
use std::sync::Arc;

/// One launch of one kernel.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The kernel.
    pub spec: &'static Spec,
    /// Its arguments, as they lie in memory.
    pub args: Vec<u8>,
    /// Workgroups along x and y; those along z are the steps the dispatch covers.
    pub groups: [u32; 2],
}

/// Dispatches in the order of execution.
#[derive(Clone, Debug)]
pub struct Program {
    /// How the products added to it are cut.
    pub tilings: Tilings,
    /// What gradients are multiplied by before they are rounded to f16: a power of two.
    pub loss_scale: f32,
    /// The dispatches.
    pub dispatches: Vec<Dispatch>,
}

impl Program {
    /// An empty program.
    pub fn new(tilings: Tilings) -> Program {
        Program { tilings, loss_scale: 1.0, dispatches: Vec::new() }
    }

    /// Adds a launch of `spec` with workgroups enough for `elements` invocations along x and y.
    pub fn launch<A: Args>(&mut self, spec: &'static Spec, args: &A, elements: [usize; 2]) {
        let groups = std::array::from_fn(|axis| elements[axis].div_ceil(spec.workgroup[axis] as usize).max(1) as u32);
        self.dispatches.push(Dispatch { spec, args: bytemuck::bytes_of(args).to_vec(), groups });
    }
}

impl Default for Program {
    fn default() -> Program {
        Program::new(Tilings::default())
    }
}

/// Splits `groups` workgroups into a rectangle that no axis limit (65,535) refuses: (along x, along y).
pub fn fold(groups: usize) -> [usize; 2] {
    let rows = groups.div_ceil(65_535).max(1);
    [groups.div_ceil(rows), rows]
}

/// What changes from step to step; the same struct as in `shaders/common/batch.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Batch {
    /// Position of the batch's first row in the order.
    pub first: u32,
    /// Rows in this batch.
    pub rows: u32,
    /// Number of the step within its submit.
    pub slot: u32,
    /// Number of the step within its epoch.
    pub entry: u32,
    /// Number of the step within its run, low and high word.
    pub index: [u32; 2],
    /// Adam: lr / (1 − β₁ᵗ).
    pub step_size: f32,
    /// Adam: 1 / √(1 − β₂ᵗ).
    pub correction: f32,
    /// Adam: decay of the first moment.
    pub beta1: f32,
    /// Adam: decay of the second moment.
    pub beta2: f32,
    /// Adam: added to the root of the second moment.
    pub epsilon: f32,
}

impl Batch {
    /// The record of Adam's step `t`, counted from 1: step size, bias correction and decays; its other fields are 0.
    pub fn adam(adam: &Adam, t: u64) -> Batch {
        // The shader's decays are float32: corrections of the unrounded ones would be off by 1e-5 of 1 − β₂.
        let power = |beta: f64| f64::from(beta as f32).powf(t as f64);
        Batch {
            step_size: (adam.lr / (1.0 - power(adam.beta1))) as f32,
            correction: (1.0 / (1.0 - power(adam.beta2)).sqrt()) as f32,
            beta1: adam.beta1 as f32,
            beta2: adam.beta2 as f32,
            epsilon: adam.epsilon as f32,
            ..Batch::default()
        }
    }
}

/// Distance between the records of two steps: the offset alignment every device grants.
const STRIDE: u32 = 256;

/// The records of a submit's steps, written once per submit.
pub struct Batches {
    buffer: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Batches {
    /// Room for the records of `slots` steps.
    pub fn new(gpu: &Gpu, slots: usize) -> Batches {
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("batches"),
            size: STRIDE as u64 * slots as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("batch"),
            layout: &batch_layout(gpu),
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size: wgpu::BufferSize::new(BATCH_BYTES),
                }),
            }],
        });
        Batches { buffer, group }
    }

    /// Bytes of device memory.
    pub fn bytes(&self) -> u64 {
        self.buffer.size()
    }

    /// Writes the records of the next submit.
    pub fn write(&self, gpu: &Gpu, batches: &[Batch]) {
        let mut bytes = vec![0; STRIDE as usize * batches.len()];
        for (slot, batch) in bytes.chunks_exact_mut(STRIDE as usize).zip(batches) {
            slot[..size_of::<Batch>()].copy_from_slice(bytemuck::bytes_of(batch));
        }
        gpu.queue.write_buffer(&self.buffer, 0, &bytes);
    }
}

/// Size of a record as a uniform buffer sees it: a multiple of 16.
const BATCH_BYTES: u64 = size_of::<Batch>().next_multiple_of(16) as u64;

/// A compiled kernel.
pub struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

/// A program bound to a device and its memory.
pub struct Prepared {
    dispatches: Vec<Bound>,
    args: wgpu::Buffer,
}

impl Prepared {
    /// Number of dispatches.
    pub fn len(&self) -> usize {
        self.dispatches.len()
    }

    /// Bytes of device memory for arguments.
    pub fn bytes(&self) -> u64 {
        self.args.size()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.dispatches.is_empty()
    }
}

struct Bound {
    pipeline: Arc<Pipeline>,
    group: wgpu::BindGroup,
    groups: [u32; 2],
    args_at: u64,
}

/// Work under way on the device.
pub struct Submission(wgpu::SubmissionIndex);

/// A part of a submit: a program, and the steps it runs for.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// Once, for `steps` steps from the first record on, which the dispatch tells apart by z.
    Submit(&'a Prepared, u32),
    /// For the step of this record alone.
    Step(&'a Prepared, u32),
}

impl Gpu {
    /// Compiles the kernels of `program` (those not compiled yet) and binds them to `memory`.
    ///
    /// # Errors
    /// [`Error::Gpu`] where a shader or a binding is refused.
    pub fn prepare(&self, program: &Program, memory: &Memory) -> Result<Prepared> {
        let texts: Vec<_> = program.dispatches.iter().map(|dispatch| dispatch.spec.shader()).collect();
        self.bind(program, memory, &texts, self.cache.as_ref())
    }

    /// As [`Gpu::prepare`], with another shader text for each dispatch: what mutants are run with.
    ///
    /// # Errors
    /// As [`Gpu::prepare`].
    pub fn prepare_with(&self, program: &Program, memory: &Memory, shaders: &[String]) -> Result<Prepared> {
        self.bind(program, memory, shaders, None) // mutants are not kept for the next process
    }

    fn bind(
        &self,
        program: &Program,
        memory: &Memory,
        shaders: &[String],
        cache: Option<&PipelineCache>,
    ) -> Result<Prepared> {
        let args = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("args"),
            size: STRIDE as u64 * program.dispatches.len().max(1) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut bytes = vec![0; args.size() as usize];
        for (slot, dispatch) in bytes.chunks_exact_mut(STRIDE as usize).zip(&program.dispatches) {
            slot[..dispatch.args.len()].copy_from_slice(&dispatch.args);
        }
        self.queue.write_buffer(&args, 0, &bytes);
        let mut dispatches = Vec::new();
        for ((dispatch, shader), number) in program.dispatches.iter().zip(shaders).zip(0..) {
            let (pipeline, args_at) = (self.pipeline(dispatch.spec, shader, cache)?, STRIDE as u64 * number);
            let missing = dispatch.spec.bindings.iter().find(|(role, _)| !memory.has(*role));
            if let Some((role, _)) = missing {
                let problem = format!("no buffer for {}", role.name());
                return Err(Error::Gpu { context: dispatch.spec.name.into(), problem });
            }
            let own = wgpu::BufferBinding {
                buffer: &args,
                offset: args_at,
                size: wgpu::BufferSize::new(dispatch.args.len().next_multiple_of(16) as u64),
            };
            let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(own) }];
            entries.extend(dispatch.spec.bindings.iter().map(|(role, _)| wgpu::BindGroupEntry {
                binding: *role as u32,
                resource: memory.buffer(*role).as_entire_binding(),
            }));
            let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(dispatch.spec.name),
                layout: &pipeline.layout,
                entries: &entries,
            });
            self.fault(dispatch.spec.name)?;
            dispatches.push(Bound { pipeline, group, groups: dispatch.groups, args_at });
        }
        Ok(Prepared { dispatches, args })
    }

    /// Replaces the arguments of dispatch `number` for all submits to come.
    pub fn set_args<A: Args>(&self, prepared: &Prepared, number: usize, args: &A) {
        self.queue.write_buffer(&prepared.args, prepared.dispatches[number].args_at, bytemuck::bytes_of(args));
    }

    /// Submits `parts` as one compute pass, and after it the copy of `bytes` bytes of `role` from `offset` on.
    pub fn submit(
        &self,
        batches: &Batches,
        parts: &[Part],
        readback: Option<(&Readback, &Memory, Role, u64, u64)>,
    ) -> Submission {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        record(&mut pass, batches, parts);
        drop(pass);
        if let Some((readback, memory, role, offset, bytes)) = readback {
            readback.copy(&mut encoder, memory, role, offset, bytes);
        }
        let submission = Submission(self.queue.submit([encoder.finish()]));
        if let Some((readback, _, _, _, bytes)) = readback {
            readback.request(bytes);
        }
        submission
    }

    /// Waits until one submission and all before it are done.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device is lost or the driver reported an error.
    pub fn wait_for(&self, submission: Submission, context: &str) -> Result<()> {
        let poll = wgpu::PollType::Wait { submission_index: Some(submission.0), timeout: None };
        self.device.poll(poll).map_err(|error| Error::Gpu { context: context.into(), problem: error.to_string() })?;
        self.fault(context)
    }

    /// Drops the kernels compiled so far, but those of programs still prepared: what thousands of mutants would leave behind.
    pub fn forget_pipelines(&self) {
        self.pipelines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }

    fn pipeline(&self, spec: &Spec, shader: &str, cache: Option<&PipelineCache>) -> Result<Arc<Pipeline>> {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(pipeline) = pipelines.get(shader) {
            return Ok(Arc::clone(pipeline));
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let pipeline = self.compile(spec, shader, cache);
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(Error::Gpu { context: spec.name.into(), problem: error.to_string() });
        }
        let pipeline = Arc::new(pipeline);
        pipelines.insert(shader.to_string(), Arc::clone(&pipeline));
        Ok(pipeline)
    }

    fn compile(&self, spec: &Spec, shader: &str, cache: Option<&PipelineCache>) -> Pipeline {
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(spec.name), source: wgpu::ShaderSource::Wgsl(shader.into()) };
        let checks = match self.checked() {
            true => wgpu::ShaderRuntimeChecks::checked(),
            false => wgpu::ShaderRuntimeChecks::unchecked(),
        };
        // SAFETY: every shader of this crate stays within its buffers and its loops end: the tests run all of them with
        // the checks on and off, on buffers whose surroundings must come back untouched.
        let module = unsafe { self.device.create_shader_module_trusted(descriptor, checks) };
        let buffer = |binding: u32, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let mut entries = vec![buffer(0, wgpu::BufferBindingType::Uniform)];
        entries.extend(spec.bindings.iter().map(|(role, access)| {
            buffer(*role as u32, wgpu::BufferBindingType::Storage { read_only: *access == Access::Read })
        }));
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(spec.name), entries: &entries });
        let batch = batch_layout(self);
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(spec.name),
            bind_group_layouts: &[Some(&batch), Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(spec.name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: cache.map(PipelineCache::get),
        });
        Pipeline { pipeline, layout }
    }
}

pub(super) fn record(pass: &mut wgpu::ComputePass, batches: &Batches, parts: &[Part]) {
    for part in parts {
        let (prepared, slot, steps) = match *part {
            Part::Submit(prepared, steps) => (prepared, 0, steps),
            Part::Step(prepared, slot) => (prepared, slot, 1),
        };
        pass.set_bind_group(0, &batches.group, &[STRIDE * slot]);
        for bound in &prepared.dispatches {
            pass.set_pipeline(&bound.pipeline.pipeline);
            pass.set_bind_group(1, &bound.group, &[]);
            pass.dispatch_workgroups(bound.groups[0], bound.groups[1], steps);
        }
    }
}

fn batch_layout(gpu: &Gpu) -> wgpu::BindGroupLayout {
    gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("batch"),
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: wgpu::BufferSize::new(BATCH_BYTES),
            },
            count: None,
        }],
    })
}
