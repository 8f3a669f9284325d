//! Kernels compiled for a device, and programs bound to its memory.

use super::{
    Access, Args, Batch, Binding, Gpu, Memory, Program, Slot, Spec, batch::batch_layout, cache::PipelineCache,
};
use crate::{Error, Result};
use std::sync::Arc;

/// A compiled kernel, and how each of its groups is bound.
pub struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    layouts: Vec<wgpu::BindGroupLayout>,
}

/// A program bound to a device and its memory.
pub struct Prepared {
    pub(super) dispatches: Vec<Bound>,
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

pub(super) struct Bound {
    pub(super) pipeline: Arc<Pipeline>,
    /// Whether group 0 is the record of the step, which each submit binds.
    pub(super) takes_batch: bool,
    /// Whether that is the record of the step's samples.
    pub(super) sampled: bool,
    /// All other groups, by number.
    pub(super) bound: Vec<(u32, wgpu::BindGroup)>,
    pub(super) groups: [u32; 2],
    args_at: u64,
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
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let args = self.buffer("arguments", Batch::STRIDE as u64 * program.dispatches.len().max(1) as u64, usage)?;
        let mut bytes = vec![0; args.size() as usize];
        for (slot, dispatch) in bytes.chunks_exact_mut(Batch::STRIDE as usize).zip(&program.dispatches) {
            slot[..dispatch.args.len()].copy_from_slice(&dispatch.args);
        }
        self.queue.write_buffer(&args, 0, &bytes);
        let mut dispatches = Vec::new();
        for ((dispatch, shader), number) in program.dispatches.iter().zip(shaders).zip(0..) {
            let (spec, args_at) = (dispatch.spec, Batch::STRIDE as u64 * number);
            let pipeline = self.pipeline(spec, shader, cache)?;
            let own = wgpu::BufferBinding {
                buffer: &args,
                offset: args_at,
                size: wgpu::BufferSize::new(dispatch.args.len().next_multiple_of(16) as u64),
            };
            let bound = self.bind_groups(spec, &pipeline, memory, own)?;
            let (takes_batch, groups) = (spec.takes_batch(), dispatch.groups);
            dispatches.push(Bound { pipeline, takes_batch, sampled: dispatch.sampled, bound, groups, args_at });
        }
        Ok(Prepared { dispatches, args })
    }

    /// Binds every group of `spec` but the record of the step.
    fn bind_groups(
        &self,
        spec: &Spec,
        pipeline: &Pipeline,
        memory: &Memory,
        args: wgpu::BufferBinding,
    ) -> Result<Vec<(u32, wgpu::BindGroup)>> {
        if let Some(missing) = spec.bindings.iter().find(|binding| !memory.has(binding.slot)) {
            let problem = format!("no buffer for {}", missing.slot.name);
            return Err(Error::Gpu { context: spec.name.clone(), problem });
        }
        let mut bound = Vec::new();
        for (group, layout) in (0..).zip(&pipeline.layouts).skip(usize::from(spec.takes_batch())) {
            let slots = spec.bindings.iter().map(|binding| binding.slot).filter(|slot| slot.group == group);
            let mut entries: Vec<_> = slots
                .map(|slot| wgpu::BindGroupEntry {
                    binding: slot.binding,
                    resource: memory.buffer(slot).as_entire_binding(),
                })
                .collect();
            if group == Spec::ARGS.group && !spec.args.is_empty() {
                let resource = wgpu::BindingResource::Buffer(args.clone());
                entries.push(wgpu::BindGroupEntry { binding: Spec::ARGS.binding, resource });
            }
            let group_of = wgpu::BindGroupDescriptor { label: Some(&spec.name), layout, entries: &entries };
            bound.push((group, self.device.create_bind_group(&group_of)));
        }
        self.fault(&spec.name)?;
        Ok(bound)
    }

    /// Replaces the arguments of dispatch `number` for all submits to come.
    pub fn set_args<A: Args>(&self, prepared: &Prepared, number: usize, args: &A) {
        self.queue.write_buffer(&prepared.args, prepared.dispatches[number].args_at, bytemuck::bytes_of(args));
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
            return Err(Error::Gpu { context: spec.name.clone(), problem: error.to_string() });
        }
        let pipeline = Arc::new(pipeline);
        pipelines.insert(shader.to_string(), Arc::clone(&pipeline));
        Ok(pipeline)
    }

    fn compile(&self, spec: &Spec, shader: &str, cache: Option<&PipelineCache>) -> Pipeline {
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(&spec.name), source: wgpu::ShaderSource::Wgsl(shader.into()) };
        let checks = match spec.trusted && !self.checked() {
            true => wgpu::ShaderRuntimeChecks::unchecked(),
            false => wgpu::ShaderRuntimeChecks::checked(),
        };
        // SAFETY: every shader of this crate, and no other is trusted, stays within its buffers and its loops end: the tests
        // run all of them with the checks on and off, on buffers whose surroundings must come back untouched.
        let module = unsafe { self.device.create_shader_module_trusted(descriptor, checks) };
        let layouts = self.layouts(spec);
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(&spec.name),
            bind_group_layouts: &layouts.iter().map(Some).collect::<Vec<_>>(),
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&spec.name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: cache.map(PipelineCache::get),
        });
        Pipeline { pipeline, layouts }
    }

    /// The layout of every group that `spec` binds, from group 0 on.
    fn layouts(&self, spec: &Spec) -> Vec<wgpu::BindGroupLayout> {
        let buffer = |slot: Slot, access: Access| wgpu::BindGroupLayoutEntry {
            binding: slot.binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let args = [Spec::ARGS.uniform()].into_iter().filter(|_| !spec.args.is_empty());
        let bindings: Vec<Binding> = args.chain(spec.bindings.iter().copied()).collect();
        let last = bindings.iter().map(|binding| binding.slot.group).max().unwrap_or(0);
        let layout = |group: u32| {
            if group == 0 && spec.takes_batch() {
                return batch_layout(self);
            }
            let entries = bindings.iter().filter(|binding| binding.slot.group == group);
            self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(&spec.name),
                entries: &entries.map(|binding| buffer(binding.slot, binding.access)).collect::<Vec<_>>(),
            })
        };
        (0..=last).map(layout).collect()
    }
}
