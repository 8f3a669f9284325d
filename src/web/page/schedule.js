/**
 * How learning rate and β change over the steps of a run: the formulas of `src/model/schedule.rs`.
 *
 * @typedef {{shape: "constant" | "cosine" | "stages", lr_end?: number, warm_up?: number}} Schedule
 * @typedef {{index: number, steps: number, epochs: number}} Step Its number from 0, the steps of an epoch, the epochs of the run.
 */

/** Stages of the schedule of that name. */
const STAGES = 8;

/**
 * The learning rate of a step, `lr` being that of the first.
 * @param {Schedule} schedule
 * @param {number} lr
 * @param {Step} step
 */
export function scheduledRate({ shape, lr_end: end = 0 }, lr, { index, steps, epochs }) {
  if (shape === "cosine") return end + 0.5 * (lr - end) * (1 + Math.cos(Math.PI * Math.min(1, index / (epochs * steps))));
  if (shape === "stages") return lr * 10 ** (-stageOf(Math.floor(index / steps)) / 7);
  return lr;
}

/**
 * What the weight of the KL divergence is multiplied by at a step.
 * @param {Schedule} schedule
 * @param {Step} step
 */
export function betaShare({ warm_up: epochs = 0 }, { index, steps }) {
  return epochs === 0 ? 1 : Math.min(1, (index + 1) / (epochs * steps));
}

/**
 * What a schedule does, for people; nothing of one that does nothing.
 * @param {Schedule} schedule
 * @param {number} epochs
 */
export function described({ shape, lr_end: end = 0, warm_up: warmUp = 0 }, epochs) {
  const rate = {
    constant: "",
    cosine: `From the slider's value the learning rate falls to ${end} along a cosine over ${counted(epochs)}. `,
    stages: "From the slider's value the learning rate falls in stages, the i-th of 3^i epochs, to a tenth. ",
  }[shape];
  return rate + (warmUp > 0 ? `β rises to the slider's value over ${counted(warmUp)}.` : "");
}

/** @param {number} epochs */
const counted = (epochs) => (epochs === 1 ? "one epoch" : `${epochs} epochs`);

/**
 * The stage of an epoch, both counted from 0: the i-th takes 3^i epochs.
 * @param {number} epoch
 */
function stageOf(epoch) {
  let [stage, end] = [0, 1];
  while (stage < STAGES - 1 && epoch >= end) end += 3 ** ++stage;
  return stage;
}
