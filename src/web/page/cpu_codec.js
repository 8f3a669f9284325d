/**
 * Encodes and decodes in plain JavaScript, where there is no WebGPU: the formulas of the crate's oracle, in float64 on the same weights.
 *
 * @typedef {import("./gpu_codec.js").Place} Place
 * @typedef {import("./gpu_codec.js").Encoding} Encoding
 *
 * @typedef {object} Model As a run's `config.json` has it.
 * @property {"ae" | "vae" | "cvae"} kind
 * @property {number} input
 * @property {number[]} hidden
 * @property {number} latent
 * @property {number} classes
 * @property {"relu" | "tanh" | "silu" | "gelu" | "softplus"} activation
 * @property {"direct"} [bottleneck]
 * @property {"mean" | "multiply" | "concat"} [condition]
 * @property {"learned" | "decoded"} [variance]
 */

/** @param {number} a */
const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** @type {Record<Model["activation"], (a: number) => number>} */
const ACTIVATIONS = {
  relu: (a) => Math.max(a, 0),
  tanh: Math.tanh,
  silu: (a) => a * sigmoid(a),
  gelu: (a) => a * sigmoid(2 * Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3)),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};

export class CpuCodec {
  /**
   * @param {Model} model
   * @param {Record<string, Place[]>} places Where each parameter lies in `params`; where it is in several matrices, the first is that
   *   of the image.
   * @param {Float32Array} params
   * @param {[number, number]} bounds Least and greatest log σ².
   */
  constructor(model, places, params, bounds) {
    this.model = model;
    this.places = places;
    this.params = params;
    this.bounds = bounds;
    this.name = "plain JavaScript";
    this.activation = ACTIVATIONS[model.activation];
    if (!this.activation) throw new Error(`the activation ${model.activation} is not known here`);
  }

  /**
   * As {@link import("./gpu_codec.js").GpuCodec.encode}.
   * @param {Float32Array} images
   * @param {ArrayLike<number>} labels
   * @returns {Promise<Encoding>}
   */
  async encode(images, labels) {
    const { input } = this.model;
    const rows = Array.from({ length: images.length / input }, (_, row) =>
      this.encodeRow(images.subarray(row * input, (row + 1) * input), labels[row]),
    );
    const logVar = this.model.kind === "ae" ? undefined : Float32Array.from(rows.flatMap((row) => Array.from(row.logVar)));
    return { mean: Float32Array.from(rows.flatMap((row) => Array.from(row.mean))), logVar };
  }

  /**
   * As {@link import("./gpu_codec.js").GpuCodec.decode}.
   * @param {Float32Array} z
   * @param {ArrayLike<number>} labels
   */
  async decode(z, labels) {
    const { input, latent } = this.model;
    const images = new Float32Array((z.length / latent) * input);
    for (let row = 0; row * latent < z.length; row++) {
      images.set(this.decodeRow(z.subarray(row * latent, (row + 1) * latent), labels[row]), row * input);
    }
    return images;
  }

  /**
   * @param {ArrayLike<number>} image
   * @param {number} label
   */
  encodeRow(image, label) {
    const { model, activation } = this;
    const article = model.bottleneck !== "direct";
    let h = this.model.condition === "concat" ? [...Array.from(image), ...this.onehot(label)] : image;
    for (let i = 0; i < model.hidden.length; i++) h = this.linear(`encoder.${2 * i}`, h).map(activation);
    if (article || model.kind === "ae") {
      h = this.linear(`encoder.${2 * model.hidden.length}`, h);
      if (article) h = Float64Array.from(h, activation);
    }
    if (model.kind === "ae") return { mean: h, logVar: [] };
    const [low, high] = this.bounds;
    const logVar = this.linear("log_var", h).map((value) => Math.min(high, Math.max(low, value)));
    return { mean: this.linear("mu", h), logVar };
  }

  /**
   * @param {ArrayLike<number>} z
   * @param {number} label
   */
  decodeRow(z, label) {
    let h = this.model.kind === "cvae" ? this.conditioned(Array.from(z), label) : z;
    const last = this.model.hidden.length;
    for (let i = 0; i < last; i++) h = this.linear(`decoder.${2 * i}`, h).map(this.activation);
    const outputs = this.linear(`decoder.${2 * last}`, h);
    return this.model.variance ? outputs : outputs.map(sigmoid); // a Gaussian's means are its image
  }

  /**
   * What the decoder of a CVAE is given.
   * @param {number[]} z
   * @param {number} label
   */
  conditioned(z, label) {
    const { condition } = this.model;
    if (condition === "concat") return [...z, ...this.onehot(label)];
    const projection = this.linear("label_projector.0", this.onehot(label)).map(this.activation);
    return z.map((value, j) => {
      if (condition === "multiply") return value * projection[j];
      return condition === "mean" ? (value + projection[j]) / 2 : value + projection[j];
    });
  }

  /** @param {number} label */
  onehot(label) {
    return Array.from({ length: this.model.classes }, (_, k) => (k === label ? 1 : 0));
  }

  /**
   * `y = w x + b`
   * @param {string} name
   * @param {ArrayLike<number>} x
   */
  linear(name, x) {
    const [weight, bias] = [this.places[`${name}.weight`][0], this.places[`${name}.bias`][0]];
    const y = new Float64Array(weight.rows);
    for (let i = 0; i < weight.rows; i++) {
      let sum = this.params[bias.start + i];
      const start = weight.start + i * weight.stride;
      for (let j = 0; j < weight.columns; j++) sum += this.params[start + j] * x[j];
      y[i] = sum;
    }
    return y;
  }
}
