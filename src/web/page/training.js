import { normal } from "./latents.js";
import { imagesOf } from "./idx.js";
import { contextOf, show } from "./picture.js";
import { safetensors } from "./safetensors.js";
import { described } from "./schedule.js";
import { Trainer, initial } from "./trainer.js";

/** Samples on the sheet. */
const SAMPLES = 10;
/** Least milliseconds between two sheets, and the least part of the time that is left to training. */
const SHEET = 400;
const SHARE = 0.8;

/** The part of the page that trains the model anew and shows it as it learns. */
export class TrainingPanel {
  /**
   * @param {HTMLElement} section
   * @param {Trainer} trainer
   * @param {object} page What the rest of the page does.
   * @param {Record<string, import("./gpu_codec.js").Place[]>} page.places Where the values of each parameter lie.
   * @param {Record<string, number[]>} page.shapes
   * @param {import("./picture.js").Size} page.size
   * @param {number} page.latent
   * @param {boolean} page.variational
   * @param {number} page.classes Classes that the model is told of; 0 of a model without labels.
   * @param {(from: import("./host.js").Loaded | undefined) => void} page.take Uses the parameters of a plan, or the run's own.
   * @param {(z: Float32Array) => Promise<Float32Array>} page.decode
   * @param {(problem: string) => void} page.problem
   */
  constructor(section, trainer, page) {
    this.section = section;
    this.trainer = trainer;
    this.page = page;
    this.running = false;
    /** @type {number[]} Losses per image, one per submit. */
    this.curve = [];
    this.z = Float32Array.from({ length: SAMPLES * page.latent }, () => (page.variational ? normal() : Math.abs(normal())));
    this.started = false;
    section.hidden = false;
    /** @type {Promise<void>} Settled where no submit is under way. */
    this.ended = Promise.resolve();
    this.find("toggle").onclick = () => {
      if (this.running) this.pause();
      else this.ended = this.start();
    };
    this.find("restart").onclick = () => this.restart();
    this.find("save").onclick = () => this.save();
    this.find("trained").onclick = () => this.leave();
    this.input("rate").value = String(Math.log10(trainer.lr));
    this.input("rate").oninput = () => this.set();
    this.input("beta").value = String(trainer.beta);
    this.input("beta").oninput = () => this.set();
    if (!page.variational) this.input("beta").disabled = true;
    this.set();
    const schedule = described(trainer.training.schedule, trainer.training.epochs);
    this.find("schedule").textContent = schedule;
    const files = this.input("files");
    files.onchange = () => this.takeFiles([...(files.files ?? [])]);
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault(); // the browser would open the file in place of the page
      this.takeFiles([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /**
   * Takes IDX files to train on, from the start.
   * @param {File[]} files
   */
  async takeFiles(files) {
    if (files.length === 0) return;
    this.pause();
    await this.ended;
    try {
      const images = await imagesOf(files, this.page.size, this.page.classes);
      const trainer = await this.trainer.on(images);
      if (!this.trainer.own) this.trainer.loaded.close();
      [this.trainer, this.curve, this.started] = [trainer, [], false];
      this.set();
      this.page.problem("");
      const less = trainer.count < images.count ? `the first ${trainer.count} of ${images.count}` : `${trainer.count}`;
      this.find("status").textContent = `${less} images of ${images.name} to train on`;
    } catch (error) {
      this.page.problem(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} name */
  find(name) {
    return /** @type {HTMLButtonElement} */ (this.section.querySelector(`#training-${name}`));
  }

  /** @param {string} name */
  input(name) {
    return /** @type {HTMLInputElement} */ (this.section.querySelector(`#training-${name}`));
  }

  /** Takes learning rate and β from their sliders. */
  set() {
    this.trainer.lr = 10 ** Number(this.input("rate").value);
    this.trainer.beta = Number(this.input("beta").value);
    this.find("rate-value").textContent = this.trainer.lr.toPrecision(2);
    this.find("beta-value").textContent = String(this.trainer.beta);
  }

  restart() {
    this.curve = [];
    this.started = true;
    this.trainer.restart(initial(this.matrices(), this.trainer.training.plan.buffers.params.bytes / 4));
    this.draw();
    this.find("status").textContent = "new parameters";
    if (!this.running) this.sheet();
  }

  /** Every matrix of every parameter, by a name of its own. */
  matrices() {
    const all = Object.entries(this.page.places);
    return Object.fromEntries(all.flatMap(([name, parts]) => parts.map((place, i) => [`${i}.${name}`, place])));
  }

  pause() {
    this.running = false;
    this.find("toggle").textContent = "Go on";
  }

  /** Trains until it is paused; the page draws and listens between two submits. */
  async start() {
    if (!this.started) this.restart();
    this.running = true;
    this.find("toggle").textContent = "Pause";
    let [next, images, since] = [0, 0, performance.now()];
    try {
      while (this.running) {
        const losses = await this.trainer.submit();
        const rows = losses.reduce((sum, step) => sum + step.rows, 0);
        const perImage = (/** @type {"reconstruction" | "kl"} */ what) => losses.reduce((sum, step) => sum + step[what], 0) / rows;
        const [reconstruction, kl] = [perImage("reconstruction"), perImage("kl")];
        const [, beta] = this.trainer.at(this.trainer.step - 1);
        this.curve.push(reconstruction + beta * kl);
        images += rows;
        const now = performance.now();
        if (now > next) {
          const speed = Math.round((1000 * images) / (now - since));
          const epochs = (this.trainer.step / this.trainer.steps).toFixed(1);
          const loss = `reconstruction ${reconstruction.toFixed(2)}${this.page.variational ? `, KL ${kl.toFixed(2)}` : ""} per image`;
          this.find("status").textContent = `step ${this.trainer.step}, ${epochs} epochs; ${loss}; ${speed} images/s`;
          this.draw();
          await this.sheet();
          [images, since] = [0, performance.now()];
          next = since + Math.max(SHEET, ((since - now) * SHARE) / (1 - SHARE));
        }
        await new Promise((resume) => setTimeout(resume, 0));
      }
    } catch (error) {
      this.pause();
      this.page.problem(error instanceof Error ? error.message : String(error));
    }
  }

  /** Shows samples of the model as it is, and the rest of the page with it. */
  async sheet() {
    this.page.take(this.trainer.loaded);
    const images = await this.page.decode(this.z);
    const input = images.length / SAMPLES;
    const shown = Array.from({ length: SAMPLES }, (_, i) => {
      const picture = Object.assign(document.createElement("canvas"), { className: "picture" });
      show(picture, images.subarray(i * input, (i + 1) * input), this.page.size);
      return picture;
    });
    this.find("samples").replaceChildren(...shown);
  }

  /** Goes back to the run's own weights. */
  leave() {
    this.pause();
    this.page.take(undefined);
  }

  async save() {
    const params = await this.trainer.params();
    const file = new Blob([safetensors(tensors(params, this.page.places, this.page.shapes))], { type: "application/octet-stream" });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: "model.safetensors" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** Draws the loss, its scale logarithmic. */
  draw() {
    const canvas = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (this.find("curve")));
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [2 * width, 2 * height];
    const context = contextOf(canvas);
    context.scale(2, 2);
    const values = this.curve.map((loss) => Math.log(Math.max(1e-6, loss)));
    const low = values.reduce((low, value) => Math.min(low, value), Infinity);
    const high = values.reduce((high, value) => Math.max(high, value), -Infinity);
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = 1.5;
    context.beginPath();
    values.forEach((value, i) => {
      const [x, y] = [(i / Math.max(1, values.length - 1)) * width, 4 + (1 - (value - low) / Math.max(1e-9, high - low)) * (height - 8)];
      context.lineTo(x, y);
    });
    context.stroke();
  }
}

/**
 * Parameters by name, without padding.
 * @param {Float32Array} params
 * @param {Record<string, import("./gpu_codec.js").Place[]>} places
 * @param {Record<string, number[]>} shapes
 */
function tensors(params, places, shapes) {
  return Object.entries(places).map(([name, parts]) => {
    const values = parts.flatMap(({ start, rows, columns, stride }) =>
      Array.from({ length: rows }, (_, row) => Array.from(params.subarray(start + row * stride, start + row * stride + columns))).flat(),
    );
    return { name, shape: shapes[name], values: Float32Array.from(values) };
  });
}
