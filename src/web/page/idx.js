/**
 * IDX files, the format of MNIST, as a visitor drops them on the page; also compressed by gzip.
 *
 * @typedef {{pixels: Uint8Array, labels: Uint8Array | undefined, count: number, name: string}} Images
 */

/**
 * The images of one file and, where there is another, their labels.
 * @param {File[]} files
 * @param {import("./picture.js").Size} size What an image must have.
 * @param {number} classes Labels must be below it; 0 where none are needed.
 * @returns {Promise<Images>}
 */
export async function imagesOf(files, { width, height, channels }, classes) {
  const parts = await Promise.all(files.map(async (file) => ({ name: file.name, ...(await parsed(file)) })));
  const images = parts.find(({ shape }) => shape.length === 3);
  const labels = parts.find(({ shape }) => shape.length === 1);
  if (!images) throw new Error(`${files.map(({ name }) => name).join(", ") || "nothing"}: no IDX file of images among them`);
  const [count, rows, columns] = images.shape;
  if (channels > 1) throw new Error(`${images.name} has images in gray; the model takes them in colour`);
  if (rows !== height || columns !== width) {
    throw new Error(`${images.name} has images of ${columns}x${rows} pixels; the model takes ${width}x${height}`);
  }
  if (count === 0) throw new Error(`${images.name} has no images`);
  if (classes > 0) {
    if (!labels) throw new Error("the model is told labels: drop the IDX file of the labels together with that of the images");
    if (labels.shape[0] !== count) throw new Error(`${labels.name} has ${labels.shape[0]} labels for ${count} images`);
    const strange = labels.bytes.findIndex((label) => label >= classes);
    if (strange >= 0) throw new Error(`${labels.name}: label ${strange} is ${labels.bytes[strange]}; the model has ${classes} classes`);
  }
  return { pixels: images.bytes, labels: classes > 0 ? labels?.bytes : undefined, count, name: images.name };
}

/**
 * Shape and content of a file.
 * @param {File} file
 */
async function parsed(file) {
  const content = new Uint8Array(await file.arrayBuffer());
  const bytes = content[0] === 0x1f && content[1] === 0x8b ? await unzipped(content, file.name) : content;
  const [zero, nought, type, dimensions] = bytes;
  if (bytes.length < 4 || zero !== 0 || nought !== 0) throw new Error(`${file.name} is no IDX file`);
  if (type !== 0x08) throw new Error(`${file.name} holds values that are no bytes; images and labels are bytes`);
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) throw new Error(`${file.name} ends within its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((size, length) => size * length, 1);
  if (bytes.length - start !== size) throw new Error(`${file.name} has ${bytes.length - start} bytes of data, and its header says ${size}`);
  return { shape, bytes: bytes.subarray(start) };
}

/**
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {string} name
 */
async function unzipped(content, name) {
  try {
    const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error(`${name} is damaged: it begins as a gzip file and cannot be unpacked`);
  }
}
