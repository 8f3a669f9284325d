//! The dispatches of one training step on made-up data, each of which can be timed by itself.

use crate::{
    Result,
    gpu::{Batch, Batches, Format, Gpu, Memory, Part, Prepared, Program, Role, Tilings},
    kernels::update::{Epilogue, uniform},
    network::{Network, step},
    run::Settings,
};

/// A step bound to a device, with memory of its own.
pub(super) struct Dispatches<'a> {
    /// The step.
    pub(super) program: Program,
    gpu: &'a Gpu,
    memory: Memory,
    batches: Batches,
}

impl Dispatches<'_> {
    /// Puts the parameters of a new run and a black batch on the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) where memory is short.
    pub(super) fn new<'a>(gpu: &'a Gpu, settings: &Settings, tilings: Tilings) -> Result<Dispatches<'a>> {
        let (model, rows) = (&settings.model, settings.batch);
        let net = Network::for_objective(model, &settings.objective, rows, tilings).with_corruption(
            settings.corruption,
            settings.seed,
            false,
        );
        net.check_size(gpu)?;
        let (program, table) = step::training(&net, &settings.objective, Format::U8, Epilogue::Adam)?;
        let mut memory = Memory::default();
        memory.upload(gpu, Role::Params, bytemuck::cast_slice(&net.pack(&model.initialise(settings.seed))?))?;
        memory.upload_for(gpu, Role::Layers.uniform(), bytemuck::cast_slice(&uniform(&table)))?;
        memory.upload(gpu, Role::Order, bytemuck::cast_slice(&(0..rows as u32).collect::<Vec<_>>()))?;
        for (role, bytes) in [
            (Role::FirstMoment, net.param_bytes()),
            (Role::SecondMoment, net.param_bytes()),
            (Role::Activations, net.activation_bytes()),
            (Role::Signals, net.signal_bytes()),
            (Role::Images, (rows * model.input.next_multiple_of(4)) as u64),
            (Role::Labels, 4 * rows as u64),
            (Role::Noise, 4 * (rows * model.latent) as u64),
            (Role::Partials, 4 * net.partials.stride as u64),
        ] {
            memory.create(gpu, role, bytes)?;
        }
        let batches = Batches::new(gpu, 1)?;
        let (rows, kl_weight) = (rows as u32, settings.objective.beta as f32);
        batches.write(gpu, &[Batch { rows, kl_weight, ..Batch::adam(&settings.adam, 1) }]);
        Ok(Dispatches { program, gpu, memory, batches })
    }

    /// Dispatch `number` of the step alone, ready to run.
    ///
    /// # Errors
    /// As [`Gpu::prepare`].
    pub(super) fn prepare(&self, number: usize) -> Result<Prepared> {
        let mut program = self.program.clone();
        program.dispatches = vec![program.dispatches.swap_remove(number)];
        self.gpu.prepare(&program, &self.memory)
    }

    /// Seconds that `prepared` takes, on average over `times` runs of one submit.
    ///
    /// # Errors
    /// As [`Gpu::time`].
    pub(super) fn seconds(&self, prepared: &Prepared, times: usize) -> Result<f64> {
        Ok(self.gpu.time(&self.batches, &vec![Part::Step(prepared, 0); times])? / times as f64)
    }
}
