/**
 * The bytes of a text in base64.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * The float32 values of a text in base64.
 * @param {string} text
 */
export function floatsOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}

/**
 * The bytes of a text in base64 that zlib compressed.
 * @param {string} text
 */
export async function inflated(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
