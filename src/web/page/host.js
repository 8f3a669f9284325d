import { bytesOf } from "./base64.js";

/**
 * Runs the programs of a plan, as `src/web/plan.rs` writes it, with WebGPU. All that this file knows of kernels, their bindings and
 * their arguments stands in the plan.
 *
 * @typedef {object} Bound
 * @property {number} group
 * @property {number} binding
 * @property {GPUBufferBindingType} access
 * @property {string} buffer
 *
 * @typedef {object} Kernel
 * @property {string} name
 * @property {number} shader
 * @property {boolean} record Whether group 0 is the record of the step, at a dynamic offset.
 * @property {[number, number]} [args] Group and binding of its arguments.
 * @property {Bound[]} bindings
 *
 * @typedef {object} Launch
 * @property {number} kernel
 * @property {number[]} args
 * @property {[number, number]} groups
 * @property {boolean} sampled Whether it takes the record of the step's samples.
 *
 * @typedef {object} Plan
 * @property {string[]} shaders
 * @property {Kernel[]} kernels
 * @property {Record<string, {bytes: number, uniform: boolean, content?: string | Uint32Array<ArrayBuffer>}>} buffers
 * @property {Record<string, Launch[]>} programs
 * @property {StepRecord} record
 * @property {Record<string, number>} limits
 *
 * @typedef {object} StepRecord What changes from step to step, as it lies in memory.
 * @property {number} stride
 * @property {number} bytes
 * @property {number} samples
 * @property {[string, "u32" | "f32"][]} words
 *
 * @typedef {object} Part A program, for one step or for all steps from the first on.
 * @property {string} program
 * @property {number} [slot] The record of its step.
 * @property {number} [steps] The steps that its dispatches cover along z.
 *
 * @typedef {object} Read Words of a buffer to bring back.
 * @property {string} buffer
 * @property {number} start
 * @property {number} count
 *
 * @typedef {object} Compiled
 * @property {Kernel} kernel
 * @property {GPUBindGroupLayout[]} layouts
 * @property {GPUComputePipeline} pipeline
 *
 * @typedef {object} Prepared
 * @property {GPUComputePipeline} pipeline
 * @property {boolean} record
 * @property {boolean} sampled
 * @property {[number, number]} groups
 * @property {[number, GPUBindGroup][]} bound
 */

/** Where arguments lie in the buffer of them all: the alignment that WebGPU promises. */
const ARGS_STRIDE = 256;

/**
 * What all of several plans need.
 * @param {(Plan | undefined)[]} plans
 */
export function limitsOf(plans) {
  /** @type {Record<string, number>} */
  const limits = {};
  for (const [name, needed] of plans.flatMap((plan) => Object.entries(plan?.limits ?? {}))) {
    limits[name] = Math.max(needed, limits[name] ?? 0);
  }
  return limits;
}

/**
 * The words of a step's record by name.
 * @param {Plan} plan
 * @param {number[]} words
 */
export function recordOf(plan, words) {
  const floats = new Float32Array(Uint32Array.from(words).buffer);
  return Object.fromEntries(plan.record.words.map(([name, type], i) => [name, type === "f32" ? floats[i] : words[i]]));
}

/** A device with the kernels that were compiled for it. */
export class Host {
  /**
   * Opens the adapter that suits best.
   * @param {GPU} gpu
   * @param {Record<string, number>} limits What the plans to come need.
   * @param {(problem: string) => void} report Told of every error that no call returns: of the device's own, and of its loss.
   */
  static async open(gpu, limits, report) {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("there is WebGPU, but no adapter for it");
    for (const [name, needed] of Object.entries(limits)) {
      const limit = /** @type {Record<string, number>} */ (/** @type {unknown} */ (adapter.limits))[name];
      if (!(limit >= needed)) throw new Error(`${name} of this adapter is ${limit}, and ${needed} are needed`);
    }
    const device = await adapter.requestDevice({ requiredLimits: limits });
    const host = new Host(device, adapter.info);
    device.addEventListener("uncapturederror", (event) => report(event.error.message));
    device.lost.then((loss) => {
      if (host.closed) return;
      host.lost = true;
      report(`the device was lost: ${loss.message || loss.reason}`);
    });
    return host;
  }

  /**
   * @param {GPUDevice} device
   * @param {GPUAdapterInfo} info
   */
  constructor(device, info) {
    this.device = device;
    this.adapter = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "an adapter without a name";
    this.closed = false;
    this.lost = false;
    /** @type {Map<string, Promise<Compiled>>} Kernels by shader and bindings. */
    this.kernels = new Map();
  }

  /**
   * Creates the buffers of a plan, compiles its kernels, those not compiled yet, and binds its programs.
   * @param {Plan} plan
   */
  async load(plan) {
    this.device.pushErrorScope("validation");
    this.device.pushErrorScope("out-of-memory");
    const loaded = new Loaded(this.device, plan);
    const kernels = plan.kernels.map((kernel) => this.kernel(kernel, plan.shaders[kernel.shader], loaded.recordLayout));
    // the scopes must be closed whatever comes of the kernels, which have errors of their own
    const compiled = await Promise.allSettled(kernels);
    const failed = compiled.find((outcome) => outcome.status === "rejected");
    if (!failed) loaded.bind(compiled.map((outcome) => /** @type {PromiseFulfilledResult<Compiled>} */ (outcome).value));
    const errors = [await this.device.popErrorScope(), await this.device.popErrorScope()];
    if (failed) throw failed.reason;
    for (const error of errors) if (error) throw new Error(error.message);
    return loaded;
  }

  /**
   * @param {Kernel} kernel
   * @param {string} code
   * @param {GPUBindGroupLayout} recordLayout
   */
  kernel(kernel, code, recordLayout) {
    const key = JSON.stringify([kernel.record, kernel.args, kernel.bindings, code]);
    const known = this.kernels.get(key) ?? this.compile(kernel, code, recordLayout);
    this.kernels.set(key, known);
    return known;
  }

  /** Drops all kernels compiled so far. */
  forget() {
    this.kernels.clear();
  }

  /**
   * @param {Kernel} kernel
   * @param {string} code
   * @param {GPUBindGroupLayout} recordLayout
   * @returns {Promise<Compiled>}
   */
  async compile(kernel, code, recordLayout) {
    const module = this.device.createShaderModule({ label: kernel.name, code });
    const groups = kernel.bindings.map(({ group }) => group).concat(kernel.args ? [kernel.args[0]] : [], kernel.record ? [0] : []);
    const layouts = Array.from({ length: Math.max(...groups) + 1 }, (_, group) => {
      if (group === 0 && kernel.record) return recordLayout;
      const bound = kernel.bindings.filter((own) => own.group === group);
      const visibility = GPUShaderStage.COMPUTE;
      /** @type {GPUBindGroupLayoutEntry[]} */
      const entries = bound.map(({ binding, access }) => ({ binding, visibility, buffer: { type: access } }));
      if (kernel.args?.[0] === group) entries.push({ binding: kernel.args[1], visibility, buffer: { type: "uniform" } });
      return this.device.createBindGroupLayout({ label: kernel.name, entries });
    });
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: layouts });
    const compute = { module, entryPoint: "main" };
    try {
      const pipeline = await this.device.createComputePipelineAsync({ label: kernel.name, layout, compute });
      return { kernel, layouts, pipeline };
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const worst = messages.find((message) => message.type === "error");
      const problem = worst ? `line ${worst.lineNum}: ${worst.message}` : String(error);
      throw new Error(`kernel ${kernel.name}: ${problem}`);
    }
  }

  /** Gives the device back. */
  close() {
    this.closed = true;
    this.device.destroy();
  }
}

/** A plan on a device. */
export class Loaded {
  /**
   * @param {GPUDevice} device
   * @param {Plan} plan
   */
  constructor(device, plan) {
    this.device = device;
    this.plan = plan;
    /** @type {Record<string, GPUBuffer>} */
    this.buffers = {};
    /** @type {Record<string, Prepared[]>} */
    this.programs = {};
    /** @type {Record<string, GPUBuffer>} Arguments, a buffer for each program. */
    this.args = {};
    /** @type {{buffer: GPUBuffer, group: GPUBindGroup} | undefined} */
    this.records = undefined;
    const buffer = /** @type {const} */ ({ type: "uniform", hasDynamicOffset: true, minBindingSize: plan.record.bytes });
    const entries = [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer }];
    this.recordLayout = device.createBindGroupLayout({ label: "record", entries });
    for (const [name, { bytes, uniform, content }] of Object.entries(plan.buffers)) {
      const usage = uniform ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      const both = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      this.buffers[name] = device.createBuffer({ label: name, size: bytes, usage: usage | both });
      const values = typeof content === "string" ? bytesOf(content) : content;
      if (values) device.queue.writeBuffer(this.buffers[name], 0, values);
    }
  }

  /** @param {Compiled[]} kernels */
  bind(kernels) {
    for (const [name, launches] of Object.entries(this.plan.programs)) this.programs[name] = this.bound(name, launches, kernels);
  }

  /**
   * @param {string} name
   * @param {Launch[]} launches
   * @param {Compiled[]} kernels
   * @returns {Prepared[]}
   */
  bound(name, launches, kernels) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const args = this.device.createBuffer({ label: "args", size: ARGS_STRIDE * Math.max(1, launches.length), usage });
    this.args[name] = args;
    return launches.map((launch, number) => {
      const { layouts, pipeline } = kernels[launch.kernel];
      const kernel = this.plan.kernels[launch.kernel];
      const offset = ARGS_STRIDE * number;
      this.device.queue.writeBuffer(args, offset, Uint32Array.from(launch.args));
      /** @type {[number, GPUBindGroup][]} */
      const bound = [];
      for (let group = kernel.record ? 1 : 0; group < layouts.length; group++) {
        const own = kernel.bindings.filter((bound) => bound.group === group);
        /** @type {GPUBindGroupEntry[]} */
        const entries = own.map(({ binding, buffer }) => ({ binding, resource: { buffer: this.buffers[buffer] } }));
        if (kernel.args?.[0] === group) {
          const size = 16 * Math.ceil(launch.args.length / 4);
          entries.push({ binding: kernel.args[1], resource: { buffer: args, offset, size } });
        }
        bound.push([group, this.device.createBindGroup({ label: kernel.name, layout: layouts[group], entries })]);
      }
      return { pipeline, record: kernel.record, sampled: launch.sampled, groups: launch.groups, bound };
    });
  }

  /**
   * Overwrites part of a buffer, from word `start` on.
   * @param {string} buffer
   * @param {number} start
   * @param {Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>} content
   */
  write(buffer, start, content) {
    this.device.queue.writeBuffer(this.buffers[buffer], 4 * start, content);
  }

  /**
   * Copies a buffer over that of the same name, and as large, of another plan.
   * @param {string} buffer
   * @param {Loaded} to
   */
  copy(buffer, to) {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffers[buffer], 0, to.buffers[buffer], 0, to.buffers[buffer].size);
    this.device.queue.submit([encoder.finish()]);
  }

  /**
   * Whether there is a program of this name.
   * @param {string} program
   */
  has(program) {
    return program in this.programs;
  }

  /**
   * Replaces the arguments of a dispatch for all runs to come.
   * @param {string} program
   * @param {number} number
   * @param {number[]} words
   */
  setArgs(program, number, words) {
    this.device.queue.writeBuffer(this.args[program], ARGS_STRIDE * number, Uint32Array.from(words));
  }

  /**
   * Runs `parts` as one submit and brings back what `reads` name. Writes before it are seen by it, those after it are not.
   * @param {Record<string, number>[]} records One per step, by name; what is not named is 0.
   * @param {Part[]} parts
   * @param {Read[]} reads
   * @returns {Promise<ArrayBuffer[]>}
   */
  async run(records, parts, reads) {
    this.writeRecords(records);
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const part of parts) this.record(pass, part);
    pass.end();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const back = reads.map(({ buffer, start, count }) => {
      const staging = this.device.createBuffer({ label: "readback", size: 4 * count, usage });
      encoder.copyBufferToBuffer(this.buffers[buffer], 4 * start, staging, 0, 4 * count);
      return staging;
    });
    this.device.queue.submit([encoder.finish()]);
    await Promise.all(back.map((staging) => staging.mapAsync(GPUMapMode.READ)));
    return back.map((staging) => {
      const content = staging.getMappedRange().slice(0);
      staging.destroy();
      return content;
    });
  }

  /**
   * @param {GPUComputePassEncoder} pass
   * @param {Part} part
   */
  record(pass, { program, slot = 0, steps = 1 }) {
    for (const { pipeline, record, sampled, groups, bound } of this.programs[program]) {
      pass.setPipeline(pipeline);
      const offset = this.plan.record.stride * (2 * slot + (sampled ? 1 : 0));
      if (record && this.records) pass.setBindGroup(0, this.records.group, [offset]);
      for (const [group, bindGroup] of bound) pass.setBindGroup(group, bindGroup);
      pass.dispatchWorkgroups(groups[0], groups[1], steps);
    }
  }

  /** @param {Record<string, number>[]} records */
  writeRecords(records) {
    const { stride, samples, words, bytes } = this.plan.record;
    const size = 2 * stride * Math.max(1, records.length);
    if (!this.records || this.records.buffer.size < size) {
      this.records?.buffer.destroy();
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      const buffer = this.device.createBuffer({ label: "records", size, usage });
      const entries = [{ binding: 0, resource: { buffer, size: bytes } }];
      const group = this.device.createBindGroup({ label: "record", layout: this.recordLayout, entries });
      this.records = { buffer, group };
    }
    const view = new DataView(new ArrayBuffer(size));
    records.forEach((record, slot) => {
      for (const [half, rows] of [record.rows, record.rows * samples].entries()) {
        words.forEach(([name, type], word) => {
          const value = name === "rows" ? rows : (record[name] ?? 0);
          const at = stride * (2 * slot + half) + 4 * word;
          if (type === "f32") view.setFloat32(at, value, true);
          else view.setUint32(at, value, true);
        });
      }
    });
    this.device.queue.writeBuffer(this.records.buffer, 0, view.buffer);
  }

  /** Frees the memory of the plan. */
  close() {
    const all = [...Object.values(this.buffers), ...Object.values(this.args), ...(this.records ? [this.records.buffer] : [])];
    for (const buffer of all) buffer.destroy();
  }
}
