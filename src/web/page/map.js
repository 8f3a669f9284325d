import { colourOf, contextOf } from "./picture.js";

/** How far an arrow key moves the point, of the map's width. */
const STEP = 0.02;

/** A plane of the latent space with the codes of images on it, and a point that pointer and arrow keys move. */
export class LatentMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Float32Array} points Two coordinates each.
   * @param {ArrayLike<number>} labels One per point, or none.
   * @param {(from: [number, number], to: [number, number]) => void} moved Told of every move of the point.
   */
  constructor(canvas, points, labels, moved) {
    this.canvas = canvas;
    this.points = points;
    this.labels = labels;
    this.moved = moved;
    /** @type {[number, number]} */
    this.point = [0, 0];
    const even = points.filter((_, i) => i % 2 === 0);
    const odd = points.filter((_, i) => i % 2 === 1);
    this.ranges = [rangeOf(even), rangeOf(odd)];
    this.dragged = false;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.drag(event);
    });
    canvas.addEventListener("pointermove", (event) => this.dragged && this.drag(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, () => (this.dragged = false));
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const box = this.canvas.getBoundingClientRect();
    const shares = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
    const [x, y] = shares.map((share, k) => {
      const [low, high] = this.ranges[k];
      return low + Math.min(1, Math.max(0, share)) * (high - low);
    });
    this.go([x, y]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [x, y] = this.point.map((value, k) => value + way[k] * STEP * (this.ranges[k][1] - this.ranges[k][0]));
    this.go([x, y]);
  }

  /** @param {[number, number]} to */
  go(to) {
    const from = this.point;
    this.point = to;
    this.moved(from, to);
    this.draw();
  }

  /**
   * Shows the point elsewhere, without telling.
   * @param {[number, number]} point
   */
  set(point) {
    this.point = point;
    this.draw();
  }

  draw() {
    const { canvas, points } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    [canvas.width, canvas.height] = [Math.round(ratio * width), Math.round(ratio * height)];
    const context = contextOf(canvas);
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const [[left, right], [bottom, top]] = this.ranges;
    const x = (/** @type {number} */ value) => ((value - left) / (right - left)) * width;
    const y = (/** @type {number} */ value) => (1 - (value - bottom) / (top - bottom)) * height;
    context.strokeStyle = style.borderTopColor;
    context.beginPath();
    context.moveTo(x(0), 0);
    context.lineTo(x(0), height);
    context.moveTo(0, y(0));
    context.lineTo(width, y(0));
    context.stroke();
    context.globalAlpha = 0.75;
    for (let i = 0; 2 * i < points.length; i++) {
      context.fillStyle = this.labels.length ? colourOf(this.labels[i]) : colourOf(0);
      context.beginPath();
      context.arc(x(points[2 * i]), y(points[2 * i + 1]), 2, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    const [px, py] = [x(this.point[0]), y(this.point[1])].map((at, k) => Math.min([width, height][k] - 3, Math.max(3, at)));
    for (const [lineWidth, colour] of /** @type {const} */ ([[5, style.backgroundColor], [2.5, style.color]])) {
      context.lineWidth = lineWidth;
      context.strokeStyle = colour;
      context.beginPath();
      context.arc(px, py, 9, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/**
 * The least and the greatest of `values`, with some room around.
 * @param {Float32Array} values
 * @returns {[number, number]}
 */
function rangeOf(values) {
  const [low, high] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [-1e-3, 1e-3]);
  const room = 0.06 * (high - low);
  return [low - room, high + room];
}
