/**
 * The drawing context of a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}

/**
 * Shows an image of values in [0, 1], 1 for white; values outside are shown as the nearer of both.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} pixels
 * @param {{width: number, height: number}} size
 */
export function show(canvas, pixels, { width, height }) {
  [canvas.width, canvas.height] = [width, height];
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  for (let i = 0; i < pixels.length; i++) {
    const value = Math.round(255 * Math.min(1, Math.max(0, pixels[i])));
    image.data.set([value, value, value, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** Colours of classes, told apart on light and dark ground. */
const PALETTE = ["#3f78d8", "#e2572a", "#269653", "#a259c4", "#e69b00", "#009eb4", "#e0489a", "#96683f", "#949e14", "#7d8899"];

/** @param {number} label */
export function colourOf(label) {
  return PALETTE[label] ?? `hsl(${(label * 222.5) % 360} 60% 50%)`;
}
