// node training.mjs PAGE.html EXPECTED.json FOLDER
//
// Trains in the page of a run: fifty steps from given parameters, whose outcome EXPECTED holds, then by the page's own controls, and
// saves the weights to FOLDER, and on the files images.idx and labels.idx there. Prints each fault on a line; the status is 1 where there is one.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";

const [file, expectedFile, folder] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
const { browser, page, faults } = await open(file, { gpu: true, width: 360, height: 740 });
const check = (holds, fault) => holds || faults.push(fault);

const found = await page.evaluate(async (initial) => {
  const { trainer } = globalThis.explorer.training;
  trainer.restart(Float32Array.from(initial));
  const losses = [];
  while (trainer.step < 50) losses.push(...(await trainer.submit(50 - trainer.step)));
  return { losses, params: Array.from(await trainer.params()) };
}, expected.initial);
const apart = found.params.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected.params[i])), 0);
const moved = found.params.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.initial[i])), 0);
check(found.params.length === expected.params.length && apart <= 1e-4, `parameters after fifty steps are apart by ${apart}`);
check(moved > 5e-3, `parameters moved by ${moved} in fifty steps`);
check(found.losses.length === 50, `${found.losses.length} losses of fifty steps`);
const reconstruction = found.losses.reduce((sum, step) => sum + step.reconstruction, 0);
check(Math.abs(reconstruction / expected.reconstruction - 1) < 1e-4, `the losses sum up to ${reconstruction}, not ${expected.reconstruction}`);

// the controls
await page.click("#training-restart");
await page.click("#training-toggle");
await page.waitForFunction(
  () => globalThis.explorer.training.trainer.step > 60 && document.querySelectorAll("#training-samples canvas").length === 10,
  { timeout: 120_000 },
);
await page.click("#training-toggle");
await page.waitForFunction(() => !globalThis.explorer.training.running);
const [status, curve] = await page.evaluate(() => [document.querySelector("#training-status").textContent, globalThis.explorer.training.curve]);
check(/^step \d+, [\d.]+ epochs; reconstruction [\d.]+, KL [\d.]+ per image; \d+ images\/s$/.test(status), `the page says ${status}`);
check(curve.at(-1) < curve[0], `the loss went from ${curve[0]} to ${curve.at(-1)}`);
await page.$eval("#training-rate", (slider) => {
  slider.value = "-4";
  slider.dispatchEvent(new Event("input"));
});
check((await page.evaluate(() => globalThis.explorer.training.trainer.lr)) === 1e-4, "the slider does not set the learning rate");

// the file
const session = await page.createCDPSession();
await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
await page.click("#training-save");
const saved = join(folder, "model.safetensors");
for (let waited = 0; !existsSync(saved) && waited < 100; waited++) await new Promise((resume) => setTimeout(resume, 100));
check(existsSync(saved), "nothing was saved");

// every schedule
const apartOf = await page.evaluate((schedules) => {
  const { trainer } = globalThis.explorer.training;
  const { training, lr, beta, steps } = trainer;
  const kept = { schedule: training.schedule, epochs: training.epochs };
  const found = schedules.map(({ schedule, index }) => {
    Object.assign(training, { schedule, epochs: 20 });
    Object.assign(trainer, { lr: 1e-2, beta: 2, steps: 5 });
    return trainer.at(index);
  });
  Object.assign(training, kept);
  Object.assign(trainer, { lr, beta, steps });
  return found;
}, expected.schedules);
for (const [i, { schedule, index, lr, beta }] of expected.schedules.entries()) {
  const [ownLr, ownBeta] = apartOf[i];
  const near = Math.abs(ownLr / lr - 1) < 1e-12 && Math.abs(ownBeta / beta - 1) < 1e-12;
  check(near, `${JSON.stringify(schedule)} at step ${index} gives ${apartOf[i]}, not ${[lr, beta]}`);
}
check((await page.$eval("#training-schedule", (line) => line.textContent)).includes("along a cosine over one epoch"), "the page does not tell the schedule");

// files of one's own
const input = await page.$("#training-files");
const problemOf = () => page.$eval("#problem", (line) => line.textContent);
const statusOf = () => page.$eval("#training-status", (line) => line.textContent);
const give = async (...names) => {
  await input.uploadFile(...names.map((name) => join(folder, name)));
  await page.waitForFunction(() => document.querySelector("#problem").textContent || document.querySelector("#training-status").textContent.includes("to train on"));
};
await give("labels.idx");
check((await problemOf()) === "labels.idx: no IDX file of images among them", `of labels alone the page says ${await problemOf()}`);
await page.evaluate(() => Object.assign(globalThis.explorer.training.page, { classes: 3 }));
await give("images.idx", "labels.idx");
await page.waitForFunction(() => document.querySelector("#problem").textContent.includes("classes"));
check((await problemOf()) === "labels.idx: label 0 is 3; the model has 3 classes", `of a strange label the page says ${await problemOf()}`);
await page.evaluate(() => Object.assign(globalThis.explorer.training.page, { classes: 0 }));
await give("images.idx");
await page.waitForFunction(() => document.querySelector("#training-status").textContent.includes("to train on"));
check((await statusOf()) === "40 images of images.idx to train on" && (await problemOf()) === "", `of a file the page says ${await statusOf()}, ${await problemOf()}`);
const begun = await page.evaluate((lr) => {
  const panel = globalThis.explorer.training;
  panel.trainer.training.schedule = { shape: "constant" }; // that of the run ends after seven steps
  panel.input("rate").value = String(lr);
  panel.set();
  return panel.curve.length;
}, -2);
check(begun === 0, "the curve of the other images is still there");
await page.click("#training-toggle");
await page.waitForFunction(() => globalThis.explorer.training.trainer.step > 300, { timeout: 120_000 });
await page.click("#training-toggle");
await page.waitForFunction(() => !globalThis.explorer.training.running);
const own = await page.evaluate(() => ({ curve: globalThis.explorer.training.curve, steps: globalThis.explorer.training.trainer.steps }));
check(own.steps === 7, `an epoch of 40 images has ${own.steps} steps of 6`);
check(own.curve.at(-1) < 0.8 * own.curve[0], `on files the loss went from ${own.curve[0]} to ${own.curve.at(-1)}`);

// back to the run's own weights
await page.click("#training-trained");
await page.waitForFunction(() => globalThis.explorer.jobs.size === 0);
const image = await page.evaluate(async (z) => Array.from(await globalThis.explorer.decode(Float32Array.from(z))), expected.z);
const worst = image.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected.image[i])), 0);
check(worst <= 1e-4, `the trained model decodes otherwise by ${worst}`);

const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
check(wide <= 360, `the page is ${wide} pixels wide on a screen of 360`);
await browser.close();
for (const fault of faults) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
