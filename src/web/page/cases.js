import { inflated } from "./base64.js";
import { Host, recordOf } from "./host.js";

/**
 * Runs cases of kernels and compares what they leave in memory, word by word, as the crate's `check` does.
 *
 * @typedef {object} CaseBuffer
 * @property {string} name
 * @property {boolean} uniform
 * @property {boolean} written
 * @property {number} words
 * @property {[string, number, number, number][]} tensors Name, first word, rows, words from row to row.
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {number[]} args
 * @property {[number, number]} groups
 * @property {number} steps
 * @property {number[]} record
 * @property {CaseBuffer[]} buffers
 *
 * @typedef {object} Checked A kernel, its cases, and changes of its shader that they must reject.
 * @property {string} name
 * @property {import("./host.js").Plan} plan
 * @property {Case[]} cases
 * @property {{find: string, replace: string}[]} mutants
 *
 * @typedef {object} Checks As `src/web/checks.rs` writes them.
 * @property {string} version
 * @property {Record<string, number>} limits
 * @property {Checked[]} kernels
 * @property {string[]} left_out
 * @property {[string, string, string, string]} words
 * @property {string} replays
 *
 * @typedef {object} Words What one buffer holds before a launch, and what is expected of it after.
 * @property {Uint8Array} kinds 0 untouched, 1 near a value, 2 these bits, 3 zero of either sign.
 * @property {Uint32Array<ArrayBuffer>} before
 * @property {Float64Array} values Of the words near a value.
 * @property {Uint32Array} bounds Limits of the words near a value, as bits of floats, and bits of those that are these bits.
 *
 * @typedef {{share: number} | {fault: string}} Outcome The largest share of its limit that an element used, or the first fault.
 */

/**
 * The words of every buffer of every case, in order.
 * @param {Checks} checks
 * @returns {Promise<Map<CaseBuffer, Words>>}
 */
export async function wordsOf(checks) {
  const [kindBytes, beforeBytes, valueBytes, boundBytes] = await Promise.all(checks.words.map(inflated));
  const kinds = new Uint8Array(kindBytes);
  const [before, values, bounds] = [new Uint32Array(beforeBytes), new Float64Array(valueBytes), new Uint32Array(boundBytes)];
  let [word, value, bound] = [0, 0, 0];
  const all = new Map();
  for (const buffer of checks.kernels.flatMap((kernel) => kernel.cases).flatMap((one) => one.buffers)) {
    const own = kinds.subarray(word, word + buffer.words);
    const near = own.reduce((count, kind) => count + (kind === 1 ? 1 : 0), 0);
    const exact = own.reduce((count, kind) => count + (kind === 2 ? 1 : 0), 0);
    all.set(buffer, {
      kinds: own,
      before: before.slice(word, word + buffer.words),
      values: values.subarray(value, value + near),
      bounds: bounds.subarray(bound, bound + near + exact),
    });
    word += buffer.words;
    value += near;
    bound += near + exact;
  }
  return all;
}

/**
 * Runs one case, with another shader where `code` is one.
 * @param {Host} host
 * @param {Checked} checked
 * @param {Case} one
 * @param {Map<CaseBuffer, Words>} words
 * @param {string} [code]
 * @returns {Promise<Outcome>}
 */
export async function runCase(host, checked, one, words, code) {
  /** @param {CaseBuffer} buffer */
  const storage = (buffer) => ({
    bytes: 16 * Math.max(1, Math.ceil(buffer.words / 4)),
    uniform: buffer.uniform,
    content: words.get(buffer)?.before,
  });
  const { plan } = checked;
  const loaded = await host.load({
    ...plan,
    shaders: code === undefined ? plan.shaders : [code],
    buffers: Object.fromEntries(one.buffers.map((buffer) => [buffer.name, storage(buffer)])),
    programs: { case: [{ kernel: 0, args: one.args, groups: one.groups, sampled: false }] },
  });
  const written = one.buffers.filter((buffer) => buffer.written && buffer.words > 0);
  const reads = written.map((buffer) => ({ buffer: buffer.name, start: 0, count: buffer.words }));
  try {
    const found = await loaded.run([recordOf(plan, one.record)], [{ program: "case", steps: one.steps }], reads);
    let worst = 0;
    for (const [i, buffer] of written.entries()) {
      const outcome = compare(buffer, /** @type {Words} */ (words.get(buffer)), new Uint32Array(found[i]));
      if ("fault" in outcome) return { fault: `${one.name}: ${outcome.fault}` };
      worst = Math.max(worst, outcome.share);
    }
    return { share: worst };
  } finally {
    loaded.close();
  }
}

/**
 * @param {CaseBuffer} buffer
 * @param {Words} words
 * @param {Uint32Array<ArrayBuffer>} got
 * @returns {Outcome}
 */
function compare(buffer, { kinds, before, values, bounds }, got) {
  const floats = new Float32Array(got.buffer);
  const limits = new Float32Array(bounds.slice().buffer);
  let [value, bound, worst] = [0, 0, 0];
  for (let i = 0; i < kinds.length; i++) {
    const fault = (/** @type {string} */ expected) => ({ fault: `${placeOf(buffer, i)} is ${floats[i]} (${bits(got[i])}), expected ${expected}` });
    switch (kinds[i]) {
      case 0:
        if (got[i] !== before[i]) return fault(`${bits(before[i])} untouched`);
        break;
      case 1: {
        const [wanted, limit] = [values[value++], limits[bound++]];
        const apart = Math.abs(floats[i] - wanted);
        if (!(apart <= limit && Number.isFinite(floats[i]))) return fault(`${wanted} ± ${limit}`);
        if (apart > 0) worst = Math.max(worst, apart / limit);
        break;
      }
      case 2: {
        const wanted = bounds[bound++];
        if (got[i] !== wanted) return fault(`${bits(wanted)} exactly`);
        break;
      }
      default:
        if (floats[i] !== 0) return fault("zero padding");
    }
  }
  return { share: worst };
}

/** @param {number} word */
const bits = (word) => `0x${word.toString(16).padStart(8, "0")}`;

/**
 * What a word is called.
 * @param {CaseBuffer} buffer
 * @param {number} index
 */
function placeOf(buffer, index) {
  for (const [name, start, rows, stride] of buffer.tensors) {
    const at = index - start;
    if (at >= 0 && at < rows * stride) return `${name}[${Math.floor(at / stride)}, ${at % stride}]`;
  }
  return `word ${index} of ${buffer.name}, where no tensor lies,`;
}

/**
 * The result of a kernel: as a line of `wgvae verify --json`, and how many of its mutants its cases rejected.
 *
 * @typedef {object} KernelResult
 * @property {string} name
 * @property {number} cases
 * @property {number | null} worst_share_of_limit
 * @property {boolean} ok
 * @property {string} [fault]
 * @property {number} mutants
 * @property {number} killed
 * @property {string[]} survivors
 */

/**
 * Runs every case of a kernel, and its mutants until a case rejects each.
 * @param {Host} host
 * @param {Checked} checked
 * @param {Map<CaseBuffer, Words>} words
 * @param {boolean} mutants Whether to run them too.
 * @returns {Promise<KernelResult>}
 */
export async function check(host, checked, words, mutants) {
  let [worst, fault] = [0, ""];
  for (const one of checked.cases) {
    const outcome = await attempt(host, checked, one, words);
    if ("fault" in outcome) fault ||= outcome.fault;
    else worst = Math.max(worst, outcome.share);
  }
  const survivors = [];
  const code = checked.plan.shaders[0];
  for (const { find, replace } of mutants ? checked.mutants : []) {
    const changed = code.replace(find, () => replace);
    let killed = false;
    for (const one of checked.cases) {
      killed = "fault" in (await attempt(host, checked, one, words, changed));
      if (killed) break;
    }
    if (!killed) survivors.push(`${find} → ${replace}`);
  }
  host.forget();
  const ok = fault === "" && checked.cases.length > 0;
  const count = mutants ? checked.mutants.length : 0;
  return {
    name: checked.name,
    cases: checked.cases.length,
    worst_share_of_limit: ok ? worst : null,
    ok,
    ...(fault && { fault }),
    mutants: count,
    killed: count - survivors.length,
    survivors,
  };
}

/**
 * As {@link runCase}; what the browser refuses is a fault too, but not a lost device.
 * @param {Host} host
 * @param {Checked} checked
 * @param {Case} one
 * @param {Map<CaseBuffer, Words>} words
 * @param {string} [code]
 * @returns {Promise<Outcome>}
 */
async function attempt(host, checked, one, words, code) {
  try {
    return await runCase(host, checked, one, words, code);
  } catch (error) {
    if (host.lost) throw error;
    return { fault: `${one.name}: ${error instanceof Error ? error.message : error}` };
  }
}
