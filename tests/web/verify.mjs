// node verify.mjs PAGE.html gpu|plain [mutants]
//
// Opens the page of the checks, runs the kernels (and their mutants) and prints its report as JSON. The status is 1 where the page made
// a request, wrote an error to the console, or is too wide for a phone.

import { open } from "./browser.mjs";

const [file, mode, mutants] = process.argv.slice(2);
const { browser, page, faults } = await open(file, { gpu: mode === "gpu", width: 360, height: 740 });
if (mode === "gpu") {
  await page.click(mutants ? "#mutants" : "#kernels");
  await page.waitForFunction(() => document.querySelector("#verdict").textContent.includes("their limits"), { timeout: 1_800_000, polling: 1000 });
}
const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
if (wide > 360) faults.push(`the page is ${wide} pixels wide on a screen of 360`);
const found = await page.evaluate(() => ({ ...globalThis.report, verdict: document.querySelector("#verdict").textContent, shown: document.querySelectorAll("tbody tr").length, said: document.querySelector("#problem").textContent }));
await browser.close();
console.log(JSON.stringify({ ...found, faults }));
process.exitCode = faults.length > 0 ? 1 : 0;
