// node explorer.mjs PAGE.html EXPECTED.json gpu|plain [SCREENSHOT.png]
//
// Drives the page of a run and compares it with what the oracle found: EXPECTED holds latents with labels and their images, test
// images with their latents, and the middle of a way. Prints each fault on a line; the status is 1 where there is one.

import { readFileSync } from "node:fs";
import { open } from "./browser.mjs";

const [file, expectedFile, mode] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
const LIMIT = 1e-4;

const { browser, page, faults } = await open(file, { gpu: mode === "gpu" });

function near(what, found, wanted, limit = LIMIT) {
  if (found.length !== wanted.length) return faults.push(`${what}: ${found.length} values, expected ${wanted.length}`);
  const apart = found.map((value, i) => Math.abs(value - wanted[i]));
  const worst = apart.reduce((worst, value) => (value <= worst ? worst : value), 0); // NaN is worst
  if (!(worst <= limit)) faults.push(`${what}: apart by ${worst}, at most ${limit} expected`);
}

/** Waits until nothing is drawn any more. */
const settled = () => page.waitForFunction(() => globalThis.explorer.jobs.size === 0);

/** The values of a canvas, 0 to 255: one of each pixel where the model's images are gray, else red, green and blue. */
const shown = (selector) =>
  page.$eval(selector, (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const { channels } = globalThis.explorer.size;
    return Array.from(data).filter((_, i) => i % 4 < channels);
  });

/** Whether a canvas shows what the model makes of the point and label that the page is at. */
async function decoded(what) {
  await settled();
  const wanted = await page.evaluate(async () => Array.from(await globalThis.explorer.decode(globalThis.explorer.z)));
  near(what, await shown("#image"), wanted.map((value) => 255 * Math.min(1, Math.max(0, value))), 0.51);
}

const latents = () => page.evaluate(() => Array.from(globalThis.explorer.z));

function changed(what, before, after) {
  if (before.every((value, i) => value === after[i])) faults.push(`${what}: nothing changed`);
}

// what computes, and says so
const engine = await page.$eval("#engine", (line) => line.textContent);
const says = mode === "gpu" ? "Computed by WebGPU on " : "Computed in plain JavaScript: this browser has no WebGPU.";
if (!engine.startsWith(says)) faults.push(`the page says ${JSON.stringify(engine)}, expected ${JSON.stringify(says)}`);

// numbers
for (const { z, label, image } of expected.decodes) {
  const found = await page.evaluate(async (z, label) => Array.from(await globalThis.explorer.decode(Float32Array.from(z), label)), z, label);
  near(`decode ${z}, label ${label}`, found, image);
}
const all = await page.evaluate(
  async (z, label) => Array.from(await globalThis.explorer.decode(Float32Array.from(z), label)),
  expected.decodes.flatMap(({ z }) => z),
  0,
);
near("the first of many rows", all.slice(0, expected.decodes[0].image.length), expected.decodes[0].image);
near("the last of many rows", all.slice(-expected.decodes[0].image.length), expected.last);
for (const { image, label, mean, log_var } of expected.encodes) {
  const found = await page.evaluate(
    async (image, label) => {
      const { mean, logVar } = await globalThis.explorer.encode(Float32Array.from(image), label);
      return [Array.from(mean), Array.from(logVar ?? [])];
    },
    image,
    label,
  );
  near("mean of an image", found[0], mean, LIMIT * Math.max(1, ...mean.map(Math.abs)));
  near("log σ² of an image", found[1], log_var, LIMIT * Math.max(1, ...log_var.map(Math.abs)));
}

// a slider
await decoded("the first image");
let before = await latents();
await page.focus("#z0");
await page.keyboard.press("End");
await decoded("a slider at its end");
changed("a slider", before, await latents());

// the labels
if (expected.classes > 0) {
  const image = await shown("#image");
  const names = await page.$$eval("#labels button", (buttons) => buttons.map((button) => button.textContent));
  if (names.join() !== expected.class_names.join()) faults.push(`the buttons of the labels say ${names}`);
  await page.click("#labels button:nth-child(4)");
  await decoded("label 3");
  changed("label 3", image, await shown("#image"));
  await page.keyboard.press("ArrowRight");
  await decoded("label 4 by an arrow key");
  if ((await page.evaluate(() => globalThis.explorer.label)) !== 4) faults.push("an arrow key does not choose the next label");
}

// the map: pointer and keys
await page.$eval("#map", (map) => map.scrollIntoView({ block: "center" }));
const box = await (await page.$("#map")).boundingBox();
before = await latents();
await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
await page.mouse.down();
await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.3 * box.height, { steps: 4 });
await page.mouse.up();
await decoded("the point of the map dragged");
changed("the point of the map", before, await latents());
before = await latents();
await page.keyboard.press("ArrowLeft");
await decoded("the point of the map moved by a key");
changed("an arrow key on the map", before, await latents());

// images and the way between two
const pick = async (number) => {
  await page.click(`#image-${number}`);
  await settled();
};
await pick(2);
near("the reconstruction of image 2", await shown("#reconstruction"), expected.reconstruction.map((value) => 255 * Math.min(1, Math.max(0, value))), 0.54);
await decoded("the image at a picked image's mean");
if ((await page.$$eval("#code tbody tr", (rows) => rows.length)) !== expected.latent) faults.push("not every latent is in the table");
await page.click("#start");
await pick(5);
await page.click("#end");
await settled();
if ((await page.$$eval("#way canvas", (all) => all.length)) !== 9) faults.push("the way has not nine images");
await page.$eval("#share", (slider) => {
  slider.value = "0.25";
  slider.dispatchEvent(new Event("input"));
});
await decoded("a quarter of the way");
near("the latents a quarter of the way", await latents(), expected.quarter, 1e-3);

// a drawing
await page.$eval("#pad", (pad) => pad.scrollIntoView({ block: "center" }));
const pad = await (await page.$("#pad")).boundingBox();
await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.2 * pad.height);
await page.mouse.down();
await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.8 * pad.height, { steps: 8 });
await page.mouse.up();
await decoded("the image at a drawing's mean");
const drawn = (await shown("#original")).filter((value) => value > 128).length;
if (drawn < 10) faults.push(`a stroke on the pad leaves ${drawn} bright pixels`);
const name = await page.$eval("#picked", (line) => line.textContent);
if (name !== "drawn by hand") faults.push(`the drawing is called ${name}`);

// random latents and back
before = await latents();
await page.click("#draw");
await decoded("random latents");
changed("random latents", before, await latents());
await page.click("#centre");
await decoded("the centre");

// a phone
await page.setViewport({ width: 360, height: 740 });
const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
if (wide > 360) faults.push(`the page is ${wide} pixels wide on a screen of 360`);

const problem = await page.$eval("#problem", (line) => line.textContent);
if (problem) faults.push(`the page says ${problem}`);
await browser.close();
for (const fault of faults) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
