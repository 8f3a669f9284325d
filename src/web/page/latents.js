/**
 * The point that `share` of the way from `a` to `b` has been gone: straight, or with `arc` as `wgvae interpolate` goes between
 * Gaussian latents, the direction along an arc and the length evenly.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} share
 * @param {boolean} arc
 */
export function between(a, b, share, arc) {
  const length = (/** @type {Float32Array} */ v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  const [from, to] = [length(a), length(b)];
  const dot = a.reduce((sum, x, j) => sum + x * b[j], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / (from * to))));
  const curved = arc && Math.sin(angle) > 1e-6 && share > 0 && share < 1;
  const norm = (1 - share) * from + share * to;
  const weight = (/** @type {number} */ share, /** @type {number} */ own) =>
    curved ? ((norm / own) * Math.sin(share * angle)) / Math.sin(angle) : share;
  return a.map((x, j) => weight(1 - share, from) * x + weight(share, to) * b[j]);
}

/** A number of N(0, 1). */
export function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
