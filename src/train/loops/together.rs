//! Training on a GPU that shares its batches with other processes. A step stores its gradients; they come to the host, are added up
//! over all processes, go back, and Adam takes its step with the sum.

use super::{LOSS_BYTES, Loop, Span, StepLosses, prepare};
use crate::{
    Result,
    gpu::{Batch, Gpu, Part, Prepared, Program, Readback, Role},
    kernels::{adam, norm},
    network::Network,
    peers::Peers,
    run::EpochLosses,
    train::{
        Progress, Watch,
        exchange::{Exchange, weighed},
        shards::Feed,
    },
};
use std::time::Instant;

/// What a loop needs to learn together with other processes.
pub(in crate::train) struct Together {
    exchange: Exchange<f32>,
    /// The norm of the gradients where they are clipped, and Adam.
    learn: Prepared,
    /// The way of the own gradients to the host.
    gradients: Readback,
    bytes: u64,
}

impl Together {
    /// For a loop whose step stores its gradients.
    ///
    /// # Errors
    /// As [`Readback::new`].
    pub(in crate::train) fn new(gpu: &Gpu, peers: Peers, training: &Loop) -> Result<Together> {
        let (net, bytes) = (&training.net, training.net.param_bytes());
        Ok(Together {
            exchange: Exchange::new(peers, bytes as usize / size_of::<f32>()),
            learn: prepare(gpu, &training.memory, |program| launch(program, net))?,
            gradients: Readback::new(gpu, bytes)?,
            bytes,
        })
    }

    /// Dispatches behind those of the step.
    pub(in crate::train) fn dispatches(&self) -> usize {
        self.learn.len()
    }

    /// Bytes of the arguments of these.
    pub(in crate::train) fn argument_bytes(&self) -> u64 {
        self.learn.bytes()
    }
}

fn launch(program: &mut Program, net: &Network) {
    let (clipping, count4) = (net.clipping.as_ref(), net.param_vec4s());
    if let Some(clipping) = clipping {
        norm::launch(program, clipping, count4, 1);
    }
    adam::launch(program, count4, 1, clipping.map(|clipping| clipping.most));
}

impl Loop {
    /// As [`Loop::run`] of an epoch, with gradients and losses of all processes. Each of them ends after the same step.
    pub(in crate::train) fn run_together(
        &self,
        gpu: &Gpu,
        Span { done, steps, first_step }: Span,
        epoch: u64,
        record: impl Fn(u64) -> Batch,
        watch: &mut Watch,
        together: &mut Together,
    ) -> Result<EpochLosses> {
        self.with_rows(gpu, done.steps..steps, Some(epoch), |shuffle, mut feed| {
            let start = Instant::now();
            let (mut losses, mut stops) = (EpochLosses { count: self.batching.count, ..done }, false);
            for entry in done.steps..steps {
                let shuffle = shuffle && entry == done.steps;
                let own = self.step_apart(gpu, entry, shuffle, feed.as_mut(), &record, together)?;
                let (of_step, stopped) = self.learn_together(gpu, entry, own, stops, together)?;
                together.exchange.peers().told_by_first(losses.add(first_step, of_step.map(f64::from)))?;
                stops = !watch(&Progress { done: losses.steps, steps, losses, elapsed: start.elapsed() });
                if stopped {
                    break;
                }
            }
            Ok(losses)
        })
    }

    /// Puts the weighed gradients of the own rows of batch `entry` where the exchange takes them; gives their losses.
    fn step_apart(
        &self,
        gpu: &Gpu,
        entry: usize,
        shuffle: bool,
        feed: Option<&mut Feed>,
        record: &impl Fn(u64) -> Batch,
        together: &mut Together,
    ) -> Result<[f32; 3]> {
        let (own, whole) = (self.batching.rows(entry).len(), self.batching.whole(entry));
        if own == 0 {
            self.batches.write(gpu, &[self.placed(0, entry, record)]); // for Adam
            together.exchange.own().fill(0.0);
            return Ok([0.0; 3]);
        }
        if let Some(feed) = feed {
            feed.advance(gpu, &(entry..entry + 1))?;
        }
        let step = self.submit(gpu, shuffle, entry..entry + 1, 0, record);
        let back = (&together.gradients, &self.memory, Role::Gradients, 0, together.bytes);
        gpu.wait_for(gpu.submit(&self.batches, &[], Some(back)), "training")?;
        let weight = weighed(&self.settings.objective, own, whole).1 as f32;
        together.gradients.with(together.bytes, |bytes| {
            let gradients = bytemuck::cast_slice::<u8, f32>(bytes);
            together.exchange.own().iter_mut().zip(gradients).for_each(|(own, gradient)| *own = weight * gradient);
        })?;
        let [reconstruction, kl, bound, _] = self.losses_of(step.ring)?;
        Ok([reconstruction, kl, bound])
    }

    /// Adam's step with the gradients of all processes. Gives the losses of the whole batch with the norm of its gradients, and whether a
    /// process is to stop.
    fn learn_together(
        &self,
        gpu: &Gpu,
        entry: usize,
        own: [f32; 3],
        stops: bool,
        together: &mut Together,
    ) -> Result<(StepLosses, bool)> {
        let (gradients, [reconstruction, kl, bound], stopped) = together.exchange.run(own, stops);
        self.memory.write(gpu, Role::Gradients, 0, bytemuck::cast_slice(gradients))?;
        let (ring, at) = (0, LOSS_BYTES * entry as u64);
        let back = (&self.readbacks[ring], &self.memory, Role::Losses, at, LOSS_BYTES);
        let back = self.net.clipping.is_some().then_some(back);
        let learnt = gpu.submit(&self.batches, &[Part::Step(&together.learn, 0)], back);
        let norm = match self.net.clipping {
            Some(_) => {
                gpu.wait_for(learnt, "training")?;
                self.losses_of(ring)?[3]
            }
            None => 0.0,
        };
        Ok(([reconstruction, kl, bound, norm], stopped))
    }

    /// The losses of the one step that came through a readback.
    fn losses_of(&self, ring: usize) -> Result<StepLosses> {
        Ok(self.readbacks[ring].take::<StepLosses>(LOSS_BYTES)?[0])
    }
}
