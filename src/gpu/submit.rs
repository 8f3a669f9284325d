//! Submits: prepared programs recorded as one compute pass.

use super::{Batches, Boundary, Gpu, Memory, Prepared, Readback, Role, batch::offset, wait::Fault};

/// Work under way on the device.
pub struct Submission(pub(super) wgpu::SubmissionIndex);

/// A part of a submit: a program, and the steps it runs for.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// Once, for `steps` steps from the first record on, which the dispatch tells apart by z.
    Submit(&'a Prepared, u32),
    /// For the step of this record alone.
    Step(&'a Prepared, u32),
}

impl Gpu {
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
            readback.copy(&mut encoder, memory, role.slot(), offset, bytes);
        }
        let submission = Submission(self.send(encoder));
        if let Some((readback, _, _, _, bytes)) = readback {
            readback.request(bytes);
        }
        submission
    }

    /// Sends what was recorded to the device.
    pub(super) fn send(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        if self.injects(Boundary::Submit) {
            self.report(Fault::Lost("made on purpose".into()));
            self.device.destroy();
        }
        self.queue.submit([encoder.finish()])
    }
}

/// Records `parts`, binding the record of a step once for all dispatches in a row that take it.
pub(super) fn record(pass: &mut wgpu::ComputePass, batches: &Batches, parts: &[Part]) {
    for part in parts {
        let (prepared, slot, steps) = match *part {
            Part::Submit(prepared, steps) => (prepared, 0, steps),
            Part::Step(prepared, slot) => (prepared, slot, 1),
        };
        let mut record = None;
        for bound in &prepared.dispatches {
            pass.set_pipeline(&bound.pipeline.pipeline);
            let wanted = bound.takes_batch.then_some(bound.sampled);
            if let Some(sampled) = wanted
                && record != wanted
            {
                pass.set_bind_group(0, &batches.group, &[offset(slot, sampled)]);
            }
            record = wanted;
            for (group, bind_group) in &bound.bound {
                pass.set_bind_group(*group, bind_group, &[]);
            }
            pass.dispatch_workgroups(bound.groups[0], bound.groups[1], steps);
        }
    }
}
