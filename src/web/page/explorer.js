import { bytesOf, floatsOf } from "./base64.js";
import { fillList, fillTable, stepOf, written } from "./controls.js";
import { CpuCodec } from "./cpu_codec.js";
import { GpuCodec } from "./gpu_codec.js";
import { Host, limitsOf } from "./host.js";
import { between, normal } from "./latents.js";
import { LatentMap } from "./map.js";
import { Pad } from "./pad.js";
import { colourOf, show } from "./picture.js";
import { Trainer } from "./trainer.js";
import { TrainingPanel } from "./training.js";

/**
 * @typedef {object} Data As `src/web/explorer.rs` writes it.
 * @property {string} version
 * @property {string} name
 * @property {import("./cpu_codec.js").Model} model
 * @property {number} width
 * @property {number} height
 * @property {number} channels
 * @property {string[]} class_names
 * @property {[string, string][]} facts
 * @property {import("./host.js").Plan} plan
 * @property {import("./gpu_codec.js").Places} places
 * @property {Record<string, import("./gpu_codec.js").Place[]>} params
 * @property {Record<string, number[]>} shapes
 * @property {[number, number]} log_var
 * @property {{low: number[], high: number[], active: boolean[]}} latents
 * @property {{mean: number[], axes: [number[], number[]], names: [string, string], points: string, labels: string}} map
 * @property {{count: number, what: string, pixels: string, labels: string}} images
 * @property {import("./trainer.js").Training} [training]
 */

/** Images between the ends of a way, both among them. */
const WAY = 9;

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const canvas = (id) => /** @type {HTMLCanvasElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

/** Everything between the model and the page. */
class Explorer {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    const { model, latents } = data;
    this.size = { width: data.width, height: data.height, channels: data.channels };
    this.variational = model.kind !== "ae";
    this.conditional = model.kind === "cvae";
    /** The point that is decoded. */
    this.z = Float32Array.from(latents.low, (low, j) => (this.variational ? 0 : (low + latents.high[j]) / 2));
    this.label = 0;
    this.pixels = bytesOf(data.images.pixels);
    this.labels = bytesOf(data.images.labels);
    /** @type {{z: Float32Array, name: string} | undefined} The image that was picked or drawn last. */
    this.picked = undefined;
    /** @type {{start?: Float32Array, end?: Float32Array}} */
    this.ends = {};
    /** @type {GpuCodec | CpuCodec} */
    this.codec = this.plain();
    /** @type {Map<string, (() => Promise<void>) | undefined>} Work that waits, by what it draws; undefined while it is under way. */
    this.jobs = new Map();
    const { points, labels } = data.map;
    this.map = new LatentMap(canvas("map"), floatsOf(points), bytesOf(labels), (from, to) => this.moved(from, to));
    this.pad = new Pad(canvas("pad"), this.size, (pixels) => this.pick(pixels, "drawn by hand"));
    /** @type {HTMLInputElement[]} */
    this.sliders = [];
  }

  plain() {
    const { model, params, plan, log_var: bounds } = this.data;
    return new CpuCodec(model, params, floatsOf(String(plan.buffers.params.content)), bounds);
  }

  /** Takes the GPU where there is one, and says what computes. */
  async open() {
    let reason = "this browser has no WebGPU";
    if (navigator.gpu) {
      try {
        const { plan, places, log_var: bounds } = this.data;
        const host = await Host.open(navigator.gpu, limitsOf([plan, this.data.training?.plan]), (problem) => this.lost(problem));
        const loaded = await host.load(plan);
        this.codec = new GpuCodec(loaded, host.adapter, places, bounds);
        element("engine").textContent = `Computed by ${this.codec.name}, with the run's own shaders.`;
        if (this.data.training) await this.trains(host, loaded, this.data.training);
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    element("engine").textContent = `Computed in plain JavaScript: ${reason}.`;
  }

  /**
   * One of the images that the page carries.
   * @param {number} number
   */
  image(number) {
    const { input } = this.data.model;
    return Float32Array.from(this.pixels.subarray(number * input, (number + 1) * input), (byte) => byte / 255);
  }

  /**
   * Shows the part of the page that trains.
   * @param {Host} host
   * @param {import("./host.js").Loaded} loaded
   * @param {import("./trainer.js").Training} training
   */
  async trains(host, loaded, training) {
    const { data, size, variational } = this;
    const own = floatsOf(String(data.plan.buffers.params.content));
    this.training = new TrainingPanel(element("training"), await Trainer.open(host, training), {
      places: data.params,
      shapes: data.shapes,
      size,
      latent: data.model.latent,
      variational,
      classes: this.conditional ? data.model.classes : 0,
      decode: (z) => this.decode(z),
      problem: (problem) => this.problem(problem),
      take: (from) => {
        if (from) from.copy("params", loaded);
        else loaded.write("params", 0, own);
        this.refresh();
      },
    });
  }

  /** @param {string} problem */
  lost(problem) {
    this.problem(`WebGPU: ${problem}`);
    this.codec = this.plain();
    element("engine").textContent = "Computed in plain JavaScript, since WebGPU failed.";
    this.refresh();
  }

  /** @param {string} problem */
  problem(problem) {
    element("problem").textContent = problem;
    element("problem").hidden = problem === "";
  }

  /**
   * What a class is called.
   * @param {number} label
   */
  className(label) {
    return this.data.class_names[label] ?? String(label);
  }

  /**
   * Runs `work` unless work of this name is under way: then the newest runs after it, and those between are dropped.
   * @param {string} name
   * @param {() => Promise<void>} work
   */
  async latest(name, work) {
    if (this.jobs.has(name)) {
      this.jobs.set(name, work);
      return;
    }
    /** @type {(() => Promise<void>) | undefined} */
    let next = work;
    while (next) {
      this.jobs.set(name, undefined);
      try {
        await next();
      } catch (error) {
        this.problem(error instanceof Error ? error.message : String(error));
      }
      next = this.jobs.get(name);
    }
    this.jobs.delete(name);
  }

  /**
   * Images of latents, a row each, all with the label that is chosen or with `label`.
   * @param {Float32Array} z
   * @param {number} [label]
   */
  decode(z, label = this.label) {
    return this.codec.decode(z, this.labelsFor(z.length / this.data.model.latent, label));
  }

  /**
   * @param {Float32Array} images
   * @param {number} [label]
   */
  encode(images, label = this.label) {
    return this.codec.encode(images, this.labelsFor(images.length / this.data.model.input, label));
  }

  /**
   * @param {number} count
   * @param {number} label
   */
  labelsFor(count, label) {
    return this.conditional ? Array(count).fill(label) : [];
  }

  /** Draws all that follows from the point and the label. */
  refresh() {
    for (const [j, slider] of this.sliders.entries()) {
      slider.value = String(this.z[j]);
      const output = /** @type {HTMLOutputElement} */ (slider.nextElementSibling);
      output.textContent = written(this.z[j]);
    }
    const { mean, axes } = this.data.map;
    const along = axes.map((axis) => axis.reduce((sum, a, j) => sum + a * (this.z[j] - mean[j]), 0));
    this.map.set([along[0], along[1]]);
    this.latest("image", async () => show(canvas("image"), await this.decode(this.z), this.size));
  }

  /**
   * Moves the point as the map's was moved: within the plane, and no other way.
   * @param {[number, number]} from
   * @param {[number, number]} to
   */
  moved(from, to) {
    const { axes } = this.data.map;
    this.z = this.z.map((value, j) => value + axes[0][j] * (to[0] - from[0]) + axes[1][j] * (to[1] - from[1]));
    this.refresh();
  }

  /**
   * Encodes an image, shows what becomes of it and moves the point there.
   * @param {Float32Array} pixels
   * @param {string} name
   * @param {number} [label]
   */
  pick(pixels, name, label) {
    const image = pixels.slice();
    if (label !== undefined && this.conditional) this.choose(label);
    show(canvas("original"), image, this.size);
    element("picked").textContent = name;
    this.latest("reconstruction", async () => {
      const { mean, logVar } = await this.encode(image);
      const restored = await this.decode(mean);
      show(canvas("reconstruction"), restored, this.size);
      const error = restored.reduce((sum, value, i) => sum + (value - image[i]) ** 2, 0);
      element("error").textContent = `reconstruction, squared error ${error.toFixed(1)}`;
      fillTable(element("code"), mean, logVar);
      this.picked = { z: mean, name };
      for (const id of ["start", "end"]) button(id).disabled = false;
      this.z = mean.slice();
      this.refresh();
    });
  }

  /** @param {"start" | "end"} which */
  async end(which) {
    if (!this.picked) return;
    this.ends[which] = this.picked.z.slice();
    button(which).textContent = `${which === "start" ? "Start" : "End"}: ${this.picked.name}`;
    await this.way();
  }

  /** Draws the images of the way, where it has both ends. */
  async way() {
    const { start, end } = this.ends;
    if (!start || !end) {
      element("ends").textContent = `Pick an image, then say that the way ${start ? "ends" : "starts"} there.`;
      return;
    }
    element("ends").textContent = "";
    await this.latest("way", async () => {
      const { latent, input } = this.data.model;
      const points = new Float32Array(WAY * latent);
      for (let i = 0; i < WAY; i++) points.set(between(start, end, i / (WAY - 1), this.variational), i * latent);
      const images = await this.decode(points);
      const shown = Array.from({ length: WAY }, (_, i) => {
        const picture = Object.assign(document.createElement("canvas"), { className: "picture" });
        show(picture, images.subarray(i * input, (i + 1) * input), this.size);
        return picture;
      });
      element("way").replaceChildren(...shown);
    });
  }

  /** @param {number} share */
  along(share) {
    element("share-value").textContent = share.toFixed(2);
    const { start, end } = this.ends;
    if (!start || !end) return;
    this.z = between(start, end, share, this.variational);
    this.refresh();
  }

  /** @param {number} label */
  choose(label) {
    this.label = label;
    for (const [k, choice] of [...element("labels").children].entries()) {
      choice.setAttribute("aria-checked", String(k === label));
      choice.setAttribute("tabindex", k === label ? "0" : "-1");
    }
    this.refresh();
    this.way();
  }

  /** New latents: normals, or for an autoencoder a point in the box of its codes. */
  draw() {
    const { low, high } = this.data.latents;
    this.z = this.z.map((_, j) => (this.variational ? normal() : low[j] + Math.random() * (high[j] - low[j])));
    this.refresh();
  }

  centre() {
    const { low, high } = this.data.latents;
    this.z = this.z.map((_, j) => (this.variational ? 0 : (low[j] + high[j]) / 2));
    this.refresh();
  }

  /** Fills the page with what does not change. */
  build() {
    const { data } = this;
    const { model, latents } = data;
    element("name").textContent = data.name;
    const [layers, source] = ["layers", "data"].map((name) => data.facts.find(([own]) => own === name)?.[1] ?? "");
    element("summary").textContent = `${layers}, trained on ${source.split(",")[0]} by wgvae ${data.version}`;
    element("axes").textContent = `across: ${data.map.names[0]}; up: ${data.map.names[1]}`;
    const facts = data.facts.map(([name, value]) => {
      const fact = document.createElement("div");
      const parts = { dt: name, dd: value };
      fact.append(...Object.entries(parts).map(([tag, text]) => Object.assign(document.createElement(tag), { textContent: text })));
      return fact;
    });
    element("facts").append(...facts);
    const classes = [...new Set(bytesOf(data.map.labels))].sort((a, b) => a - b);
    element("legend").append(
      ...classes.map((label) => {
        const dot = document.createElement("span");
        dot.style.background = colourOf(label);
        const item = document.createElement("li");
        item.append(dot, this.className(label));
        return item;
      }),
    );
    for (let j = 0; j < model.latent; j++) this.slider(j, latents);
    for (const id of ["original", "reconstruction"]) show(canvas(id), new Float32Array(model.input), this.size); // nothing picked yet
    if (!this.variational) button("draw").textContent = "Draw from the box of codes";
    button("draw").onclick = () => this.draw();
    button("centre").onclick = () => this.centre();
    button("clear").onclick = () => this.pad.clear();
    for (const which of /** @type {const} */ (["start", "end"])) {
      button(which).disabled = true;
      button(which).onclick = () => this.end(which);
    }
    const share = /** @type {HTMLInputElement} */ (element("share"));
    share.oninput = () => this.along(Number(share.value));
    const { count, what } = data.images;
    const images = Array.from({ length: count }, (_, number) => this.image(number));
    fillList(element("thumbnails"), images, this.size, what, (number) =>
      this.pick(images[number], `${what} ${number}`, this.labels[number]),
    );
    if (this.conditional) this.labelButtons();
    this.way();
  }

  /**
   * @param {number} j
   * @param {Data["latents"]} latents
   */
  slider(j, { low, high, active }) {
    const row = document.createElement("label");
    row.className = active[j] ? "row" : "row dead";
    row.title = active[j] ? "" : "dead: its mean hardly varies over the images, and the decoder has learnt to ignore it";
    const [least, most] = this.variational ? [Math.min(-3, low[j]), Math.max(3, high[j])] : [low[j], Math.max(high[j], low[j] + 1)];
    const range = { type: "range", min: String(least), max: String(most), step: "any", id: `z${j}` };
    const slider = Object.assign(document.createElement("input"), range);
    slider.oninput = () => {
      this.z[j] = Number(slider.value);
      this.refresh();
    };
    row.append(active[j] ? `z ${j}` : `z ${j} †`, slider, document.createElement("output"));
    this.sliders.push(slider);
    element("sliders").append(row);
    if (!active[j] && !document.getElementById("dead")) {
      const note = Object.assign(document.createElement("p"), { id: "dead", className: "note" });
      note.textContent = "† dead: its mean hardly varies over the images";
      element("sliders").after(note);
    }
  }

  labelButtons() {
    const group = element("labels");
    group.hidden = false;
    for (let label = 0; label < this.data.model.classes; label++) {
      const choice = Object.assign(document.createElement("button"), { textContent: this.className(label) });
      choice.setAttribute("role", "radio");
      choice.onclick = () => this.choose(label);
      group.append(choice);
    }
    group.addEventListener("keydown", (event) => {
      const step = stepOf(event);
      if (step === 0) return;
      const { classes } = this.data.model;
      this.choose((this.label + step + classes) % classes);
      /** @type {HTMLElement} */ (group.children[this.label]).focus();
    });
    this.choose(0);
  }
}

/** The page's own objects, for the console: `await explorer.decode(new Float32Array(8))`. */
const explorer = new Explorer(JSON.parse(element("data").textContent ?? ""));
Object.assign(globalThis, { explorer });
explorer.build();
await explorer.open();
explorer.refresh();
document.documentElement.dataset.ready = "yes";
