import { contextOf, show } from "./picture.js";

/** Radius of the brush, of the larger side of the image. */
const BRUSH = 0.045;

/** An image drawn by hand: with a pointer, or with arrow keys that move a cursor and the space bar that paints. */
export class Pad {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./picture.js").Size} size
   * @param {(values: Float32Array) => void} changed Gets the image that is drawn, white on black.
   */
  constructor(canvas, size, changed) {
    this.canvas = canvas;
    this.size = size;
    this.changed = changed;
    this.pixels = new Float32Array(size.width * size.height);
    this.cursor = [size.width / 2, size.height / 2];
    /** @type {[number, number] | undefined} */
    this.last = undefined;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.at(event);
      this.stroke(this.last);
    });
    canvas.addEventListener("pointermove", (event) => this.last && this.stroke(this.at(event)));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, () => (this.last = undefined));
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const change of /** @type {const} */ (["focus", "blur"])) canvas.addEventListener(change, () => this.draw());
    this.draw();
  }

  clear() {
    this.pixels.fill(0);
    this.draw();
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.size;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key];
    if (!way) return;
    event.preventDefault();
    this.cursor = this.cursor.map((at, k) => Math.min([this.size.width, this.size.height][k], Math.max(0, at + way[k])));
    if (event.key === " " || event.shiftKey) this.stroke([this.cursor[0], this.cursor[1]]);
    this.draw();
  }

  /**
   * Paints from the last place to this one.
   * @param {[number, number]} to
   */
  stroke(to) {
    const from = this.last ?? to;
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let step = 1; step <= steps; step++) {
      const share = step / steps;
      this.dab(from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]));
    }
    if (this.last) this.last = to;
    this.draw();
    const { channels } = this.size;
    this.changed(Float32Array.from({ length: channels * this.pixels.length }, (_, i) => this.pixels[Math.floor(i / channels)]));
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  dab(x, y) {
    const { width, height } = this.size;
    const radius = Math.max(0.8, BRUSH * Math.max(width, height));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const ink = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y)));
        this.pixels[row * width + column] = Math.max(this.pixels[row * width + column], ink);
      }
    }
  }

  draw() {
    show(this.canvas, this.pixels, { ...this.size, channels: 1 });
    if (document.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    const context = contextOf(this.canvas);
    context.strokeStyle = "#e2572a";
    context.strokeRect(Math.floor(this.cursor[0]) - 0.5, Math.floor(this.cursor[1]) - 0.5, 2, 2);
  }
}
