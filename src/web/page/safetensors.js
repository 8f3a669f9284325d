/**
 * A safetensors file of float32 tensors.
 * @param {{name: string, shape: number[], values: Float32Array}[]} tensors
 */
export function safetensors(tensors) {
  let at = 0;
  /** @type {Record<string, {dtype: string, shape: number[], data_offsets: [number, number]}>} */
  const header = {};
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + 4 * values.length] };
    at += 4 * values.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const space = 8 * Math.ceil(text.length / 8); // tensors begin at a multiple of eight
  const file = new Uint8Array(8 + space + at).fill(0x20, 8, 8 + space);
  new DataView(file.buffer).setBigUint64(0, BigInt(space), true);
  file.set(text, 8);
  for (const { name, values } of tensors) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, 4 * values.length), 8 + space + header[name].data_offsets[0]);
  }
  return file;
}
