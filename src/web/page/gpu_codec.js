import { Loaded } from "./host.js";

/**
 * Encodes and decodes with the programs `encode` and `decode` of a plan.
 *
 * @typedef {{start: number, rows: number, columns: number, stride: number}} Place Where a matrix lies, in words.
 * @typedef {object} Places
 * @property {number} rows Rows of a batch.
 * @property {Place} images
 * @property {Place} decoder_input
 * @property {Place} outputs
 * @property {Place} mean
 * @property {Place} [log_var]
 *
 * @typedef {object} Encoding
 * @property {Float32Array} mean μ, or an autoencoder's code, a row per image.
 * @property {Float32Array} [logVar] log σ², a row per image.
 */

export class GpuCodec {
  /**
   * @param {Loaded} loaded
   * @param {string} adapter What computes.
   * @param {Places} places
   * @param {[number, number]} bounds Least and greatest log σ².
   */
  constructor(loaded, adapter, places, bounds) {
    this.loaded = loaded;
    this.places = places;
    this.bounds = bounds;
    this.name = `WebGPU on ${adapter}`;
  }

  /**
   * @param {Float32Array} images A row per image, each value in [0, 1].
   * @param {ArrayLike<number>} labels One per image, or none.
   * @returns {Promise<Encoding>}
   */
  async encode(images, labels) {
    const { images: from, mean, log_var: logVar } = this.places;
    const batches = this.batches(images, from.columns, labels, (rows, labels) => {
      this.loaded.write("images", from.start, padded(rows, from));
      return this.runs("encode", rows.length / from.columns, labels, logVar ? [mean, logVar] : [mean]);
    });
    const parts = await Promise.all(batches);
    const [low, high] = this.bounds;
    const bounded = logVar && joined(parts.map((part) => part[1])).map((value) => Math.min(high, Math.max(low, value)));
    return { mean: joined(parts.map((part) => part[0])), logVar: bounded };
  }

  /**
   * @param {Float32Array} z A row per image.
   * @param {ArrayLike<number>} labels One per image, or none.
   * @returns {Promise<Float32Array>} Images, a row each.
   */
  async decode(z, labels) {
    const { decoder_input: from, outputs } = this.places;
    const batches = this.batches(z, from.columns, labels, (rows, labels) => {
      this.loaded.write("activations", from.start, padded(rows, from));
      return this.runs("decode", rows.length / from.columns, labels, [outputs]);
    });
    return joined((await Promise.all(batches)).map((part) => part[0]));
  }

  /**
   * Rows in batches, all of which are under way at once: the queue keeps them apart.
   * @template T
   * @param {Float32Array} values
   * @param {number} columns
   * @param {ArrayLike<number>} labels
   * @param {(rows: Float32Array, labels: number[]) => T} each
   */
  batches(values, columns, labels, each) {
    const step = this.places.rows;
    const count = Math.ceil(values.length / columns / step);
    return Array.from({ length: count }, (_, number) => {
      const [first, last] = [number * step, (number + 1) * step];
      return each(values.subarray(first * columns, last * columns), Array.from(labels).slice(first, last));
    });
  }

  /**
   * @param {string} program
   * @param {number} rows
   * @param {number[]} labels
   * @param {Place[]} results Matrices among the activations.
   * @returns {Promise<Float32Array[]>}
   */
  async runs(program, rows, labels, results) {
    if (labels.length > 0) this.loaded.write("labels", 0, Uint32Array.from(labels));
    const reads = results.map(({ start, stride }) => ({ buffer: "activations", start, count: rows * stride }));
    const found = await this.loaded.run([{ rows }], [{ program }], reads);
    return found.map((content, number) => unpadded(new Float32Array(content), rows, results[number]));
  }
}

/**
 * Rows as they lie in memory, padded with zeros.
 * @param {Float32Array} values
 * @param {Place} place
 */
function padded(values, { columns, stride }) {
  const packed = new Float32Array((values.length / columns) * stride);
  for (let row = 0; row * columns < values.length; row++) {
    packed.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
  }
  return packed;
}

/**
 * @param {Float32Array} packed
 * @param {number} rows
 * @param {Place} place
 */
function unpadded(packed, rows, { columns, stride }) {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) values.set(packed.subarray(row * stride, row * stride + columns), row * columns);
  return values;
}

/** @param {Float32Array[]} parts */
function joined(parts) {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}
