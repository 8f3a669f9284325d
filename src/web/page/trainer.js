import { inflated } from "./base64.js";
import { Host, Loaded } from "./host.js";
import { betaShare, scheduledRate } from "./schedule.js";

/**
 * Trains with the programs `order`, `noise`, `step` and `loss` of a plan, as the crate does on a device: many steps in a submit, bounded
 * by time, of which nothing but losses comes back.
 *
 * @typedef {object} Training As `src/web/training.rs` writes it.
 * @property {import("./host.js").Plan} plan
 * @property {number} batch
 * @property {number} count
 * @property {number} slots
 * @property {number[][]} orders
 * @property {[number[], number]} loss
 * @property {{lr: number, beta1: number, beta2: number, epsilon: number, weight_decay?: number}} adam
 * @property {number} beta
 * @property {import("./schedule.js").Schedule} schedule
 * @property {number} epochs
 * @property {boolean} threshold
 * @property {string} images
 *
 * @typedef {{reconstruction: number, kl: number, rows: number}} StepLoss Sums over the images of a batch, and how many those are.
 */

/** How long a submit should take, in milliseconds: the page draws between two. */
const SUBMIT = 50;

export class Trainer {
  /**
   * Puts the plan and the images on the device. Training begins with {@link Trainer.restart}.
   * @param {Host} host
   * @param {Training} training
   */
  static async open(host, training) {
    const [loaded, images] = await Promise.all([host.load(training.plan), inflated(training.images)]);
    loaded.write("images", 0, new Uint32Array(images));
    return new Trainer(host, loaded, training, training.count);
  }

  /**
   * @param {Host} host
   * @param {Loaded} loaded
   * @param {Training} training
   * @param {number} count Images to train on.
   */
  constructor(host, loaded, training, count) {
    this.host = host;
    this.loaded = loaded;
    this.training = training;
    this.count = count;
    this.lr = training.adam.lr;
    this.beta = training.beta;
    /** Steps taken since the last restart. */
    this.step = 0;
    /** Steps of an epoch. */
    this.steps = Math.ceil(count / training.batch);
    /** Milliseconds of a step; unknown before the first submit. */
    this.pace = NaN;
  }

  /**
   * The same training on other images, as many as a buffer takes. It begins with {@link Trainer.restart}.
   * @param {import("./idx.js").Images} images
   * @returns {Promise<Trainer>}
   */
  async on(images) {
    const { training, host } = this;
    const { plan, batch, threshold } = training;
    const width = images.pixels.length / images.count;
    const stride = 4 * Math.ceil(width / 4);
    const most = Math.floor(host.device.limits.maxStorageBufferBindingSize / stride);
    const count = Math.min(images.count, most);
    const bytes = new Uint8Array(count * stride);
    for (let i = 0; i < count; i++) bytes.set(images.pixels.subarray(i * width, (i + 1) * width), i * stride);
    if (threshold) bytes.forEach((gray, i) => (bytes[i] = gray >= 128 ? 255 : 0));
    const rounded = (/** @type {number} */ size) => 16 * Math.ceil(size / 16);
    const storage = (/** @type {number} */ size) => ({ bytes: rounded(size), uniform: false });
    const sized = {
      images: storage(bytes.length),
      labels: storage(4 * count),
      order: storage(4 * count),
      losses: storage(16 * Math.ceil(count / batch)),
    };
    const loaded = await host.load({ ...plan, buffers: { ...plan.buffers, ...sized } });
    loaded.write("images", 0, new Uint32Array(bytes.buffer));
    if (images.labels) loaded.write("labels", 0, Uint32Array.from(images.labels.subarray(0, count)));
    const [words, at] = training.loss;
    loaded.setArgs("loss", 0, words.with(at, count));
    return new Trainer(host, loaded, training, count);
  }

  /** Whether the images are those that the page carries, whose orders are the run's. */
  get own() {
    return this.loaded.plan === this.training.plan;
  }

  /**
   * Learning rate and β of a step.
   * @param {number} index
   * @returns {[number, number]}
   */
  at(index) {
    const { schedule, epochs } = this.training;
    const step = { index, steps: this.steps, epochs };
    return [scheduledRate(schedule, this.lr, step), this.beta * betaShare(schedule, step)];
  }

  /**
   * Begins with these parameters, as they lie on the device, and with moments of zero.
   * @param {Float32Array<ArrayBuffer>} params
   */
  restart(params) {
    this.loaded.write("params", 0, params);
    for (const moment of ["first_moment", "second_moment"]) this.loaded.write(moment, 0, new Float32Array(params.length));
    this.step = 0;
  }

  /**
   * Submits the next steps, all of one epoch and at most `most`, and waits for them.
   * @param {number} [most]
   * @returns {Promise<StepLoss[]>}
   */
  async submit(most = Infinity) {
    const { training, loaded, steps } = this;
    const entry = this.step % steps;
    const wanted = Number.isNaN(this.pace) ? 1 : Math.floor(SUBMIT / this.pace);
    const slots = Math.max(1, Math.min(wanted, training.slots, steps - entry, most));
    const records = Array.from({ length: slots }, (_, slot) => this.record(slot, entry + slot));
    const parts = [];
    if (entry === 0 && this.own) {
      const epoch = this.step / steps;
      loaded.setArgs("order", 0, training.orders[epoch % training.orders.length]);
      parts.push({ program: "order" });
    } else if (entry === 0) {
      loaded.write("order", 0, shuffled(this.count));
    }
    if (loaded.has("noise")) parts.push({ program: "noise", steps: slots });
    parts.push(...records.map((_, slot) => ({ program: "step", slot })), { program: "loss", steps: slots });
    const began = performance.now();
    const [found] = await loaded.run(records, parts, [{ buffer: "losses", start: 4 * entry, count: 4 * slots }]);
    this.pace = Math.max(0.01, (performance.now() - began) / slots);
    this.step += slots;
    const losses = new Float32Array(found);
    return records.map(({ rows }, slot) => {
      const [reconstruction, kl] = losses.subarray(4 * slot);
      if (!Number.isFinite(reconstruction + kl)) throw new Error("the loss is not finite: training has diverged; try a smaller learning rate");
      return { reconstruction, kl, rows };
    });
  }

  /**
   * The record of a step, as `Batch` in the crate.
   * @param {number} slot
   * @param {number} entry
   */
  record(slot, entry) {
    const { adam, batch } = this.training;
    const [beta1, beta2] = [Math.fround(adam.beta1), Math.fround(adam.beta2)];
    const index = this.step + slot;
    const [lr, beta] = this.at(index);
    return {
      first: entry * batch,
      rows: Math.min(batch, this.count - entry * batch),
      slot,
      entry,
      index,
      step_size: lr / (1 - beta1 ** (index + 1)),
      correction: 1 / Math.sqrt(1 - beta2 ** (index + 1)),
      beta1,
      beta2,
      epsilon: adam.epsilon,
      decay: 1 - lr * (adam.weight_decay ?? 0),
      kl_weight: beta,
    };
  }

  /** The parameters, as they lie on the device. */
  async params() {
    const [found] = await this.loaded.run([], [], [{ buffer: "params", start: 0, count: this.training.plan.buffers.params.bytes / 4 }]);
    return new Float32Array(found);
  }
}

/**
 * 0 … count − 1 in a random order.
 * @param {number} count
 */
function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Parameters as PyTorch's `nn.Linear` draws them, U(−1/√in, 1/√in), as they lie on the device; what belongs to no layer is 0.
 * @param {Record<string, import("./gpu_codec.js").Place>} places
 * @param {number} length
 */
export function initial(places, length) {
  const params = new Float32Array(length);
  for (const [name, { start, rows, columns, stride }] of Object.entries(places)) {
    const weight = places[name.replace(/bias$/, "weight")];
    if (!/\.(weight|bias)$/.test(name)) continue;
    const bound = 1 / Math.sqrt(weight.columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) params[start + row * stride + column] = bound * (2 * Math.random() - 1);
    }
  }
  return params;
}
