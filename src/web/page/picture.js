/**
 * The drawing context of a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}

/** @typedef {{width: number, height: number, channels: number}} Size The pixels of an image, and its values per pixel: one, or red, green and blue. */

/**
 * Shows an image of values in [0, 1], 1 for white; values outside are shown as the nearer of both.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {Size} size
 */
export function show(canvas, values, { width, height, channels }) {
  [canvas.width, canvas.height] = [width, height];
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  image.data.fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      const value = values[channels * i + (k % channels)];
      image.data[4 * i + k] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
  }
  context.putImageData(image, 0, 0);
}

/** Colours of classes, told apart on light and dark ground. */
const PALETTE = ["#3f78d8", "#e2572a", "#269653", "#a259c4", "#e69b00", "#009eb4", "#e0489a", "#96683f", "#949e14", "#7d8899"];

/** @param {number} label */
export function colourOf(label) {
  return PALETTE[label] ?? `hsl(${(label * 222.5) % 360} 60% 50%)`;
}
