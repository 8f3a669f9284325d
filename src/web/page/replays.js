import { floatsOf, inflated } from "./base64.js";
import { Host, Loaded, recordOf } from "./host.js";

/**
 * Replays recorded training runs with the kernels of training, and compares as the crate's `verify --trace` does.
 *
 * @typedef {object} Replay As `src/web/replays.rs` writes it.
 * @property {string} name
 * @property {import("./host.js").Plan} plan
 * @property {number[][]} records
 * @property {[string, number][]} inputs
 * @property {string} fed
 * @property {Series[]} losses
 * @property {number} [clip]
 * @property {Quantity[]} first
 * @property {Quantity[]} last
 * @property {string} expected
 *
 * @typedef {object} Series A loss of every step.
 * @property {string} name
 * @property {number} limit
 * @property {{start: number, count: number, scales: number[]}[]} terms
 * @property {number[]} expected
 *
 * @typedef {object} Quantity
 * @property {string} name
 * @property {number} limit
 * @property {string} buffer
 * @property {import("./gpu_codec.js").Place[]} places
 * @property {"value" | "sigmoid" | "gradient" | "change" | "sum"} of
 * @property {[number, number]} [weights]
 *
 * @typedef {object} ReplayResult
 * @property {string} name
 * @property {number} quantities
 * @property {number} worst_share_of_limit
 * @property {boolean} ok
 * @property {string} [fault] The first quantity beyond its limit.
 */

/**
 * The recorded runs of a page.
 * @param {string} text
 * @returns {Promise<Replay[]>}
 */
export async function replaysOf(text) {
  return JSON.parse(new TextDecoder().decode(await inflated(text)));
}

/**
 * Replays one run.
 * @param {Host} host
 * @param {Replay} replay
 * @returns {Promise<ReplayResult>}
 */
export async function replayed(host, replay) {
  const { plan } = replay;
  const [fed, expected] = await Promise.all([replay.fed, replay.expected].map(inflated));
  const loaded = await host.load(plan);
  try {
    const feed = new Uint32Array(fed);
    /** @type {Record<string, Float32Array>} */
    let first = {};
    const partials = [];
    let word = 0;
    for (const [step, words] of replay.records.entries()) {
      for (const [buffer, count] of replay.inputs) {
        loaded.write(buffer, 0, feed.subarray(word, word + count));
        word += count;
      }
      const records = [recordOf(plan, words)];
      if (step === 0) first = await read(loaded, records, ["gradients", "reconstruct"], replay.first);
      partials.push((await read(loaded, records, ["step"], [{ buffer: "partials" }])).partials);
    }
    const last = await read(loaded, [], [], replay.last);
    return judged(replay, new Float64Array(expected), partials, { first, last });
  } finally {
    loaded.close();
  }
}

/**
 * Runs programs and brings back the whole of every buffer that is named.
 * @param {Loaded} loaded
 * @param {Record<string, number>[]} records
 * @param {string[]} programs
 * @param {{buffer: string}[]} named
 */
async function read(loaded, records, programs, named) {
  const buffers = [...new Set(named.map(({ buffer }) => buffer))];
  const reads = buffers.map((buffer) => ({ buffer, start: 0, count: loaded.plan.buffers[buffer].bytes / 4 }));
  const parts = programs.map((program) => ({ program }));
  const found = await loaded.run(records, parts, reads);
  return Object.fromEntries(buffers.map((buffer, i) => [buffer, new Float32Array(found[i])]));
}

/**
 * Compares what a replay gave with what was recorded.
 * @param {Replay} replay
 * @param {Float64Array} expected
 * @param {Float32Array[]} partials Partial sums of each step.
 * @param {{first: Record<string, Float32Array>, last: Record<string, Float32Array>}} found Buffers after the first step and the last.
 * @returns {ReplayResult}
 */
function judged(replay, expected, partials, found) {
  /** @type {{name: string, limit: number, error: number}[]} */
  const errors = replay.losses.map(({ name, limit, terms, expected }) => {
    const ours = partials.map((sums, step) =>
      terms.reduce((sum, { start, count, scales }) => sum + scales[step] * total(sums.subarray(start, start + count)), 0),
    );
    return { name, limit, error: relativeError(ours, expected) };
  });
  const initial = floatsOf(String(replay.plan.buffers.params.content));
  const gradients = replay.first.filter(({ of }) => of === "gradient").flatMap((own) => valuesOf(own, found.first[own.buffer]));
  const norm = Math.sqrt(gradients.reduce((sum, value) => sum + value * value, 0));
  const scale = replay.clip === undefined ? 1 : Math.min(1, replay.clip / (norm + 1e-6));
  let at = 0;
  for (const when of /** @type {const} */ (["first", "last"])) {
    for (const quantity of replay[when]) {
      const { name, limit, of, buffer, weights: [a, b] = [0, 0] } = quantity;
      const values = valuesOf(quantity, found[when][buffer]);
      const before = of === "change" ? valuesOf(quantity, initial) : [];
      const ours = {
        value: () => values,
        sigmoid: () => values.map((value) => 1 / (1 + Math.exp(-value))),
        gradient: () => values.map((value) => scale * value),
        change: () => values.map((value, i) => value - before[i]),
        sum: () => values.flatMap((value, i) => (i % 2 === 0 ? [a * value + b * values[i + 1]] : [])),
      }[of]();
      errors.push({ name, limit, error: relativeError(ours, expected.subarray(at, at + ours.length)) });
      at += ours.length;
    }
  }
  if (at !== expected.length) throw new Error(`${replay.name} has ${expected.length} values, and ${at} were found`);
  const failed = errors.find(({ error, limit }) => !(error <= limit));
  return {
    name: replay.name,
    quantities: errors.length,
    worst_share_of_limit: errors.reduce((worst, { error, limit }) => Math.max(worst, error / limit), 0),
    ok: failed === undefined,
    ...(failed && { fault: `${failed.name}: relative error ${failed.error.toExponential(2)}, expected at most ${failed.limit}` }),
  };
}

/**
 * The values of a quantity in a buffer.
 * @param {Quantity} quantity
 * @param {Float32Array} words
 * @returns {number[]}
 */
function valuesOf({ places }, words) {
  return places.flatMap(({ start, rows, columns, stride }) =>
    Array.from({ length: rows }, (_, row) => Array.from(words.subarray(start + row * stride, start + row * stride + columns))).flat(),
  );
}

/** @param {Float32Array} values */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/**
 * ‖ours − theirs‖ / ‖theirs‖; infinite where theirs is 0 and ours is not.
 * @param {number[]} ours
 * @param {ArrayLike<number>} theirs
 */
function relativeError(ours, theirs) {
  const length = Math.sqrt(Array.from(theirs).reduce((sum, value) => sum + value * value, 0));
  const apart = Math.sqrt(ours.reduce((sum, value, i) => sum + (value - theirs[i]) ** 2, 0));
  return apart === 0 ? 0 : apart / length;
}
