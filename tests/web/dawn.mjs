// node dawn.mjs FOLDER
//
// Runs the checks and replays the recorded runs in every file of FOLDER, as `wgvae::web::checks` writes them, with the pages' own scripts
// under Dawn, the WebGPU of Chrome, without a browser. Prints each fault and each surviving mutant on a line, and last how much was run;
// the status is 1 where anything failed.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.WGVAE_NODE}/package.json`); // where tests/run.sh puts packages
const { create, globals } = await import(pathToFileURL(require.resolve("webgpu")).href);
Object.assign(globalThis, globals);
globalThis.gpu = create([]); // what is not held is collected, and its devices with it

const { check, wordsOf } = await import("../../src/web/page/cases.js");
const { Host } = await import("../../src/web/page/host.js");
const { replayed, replaysOf } = await import("../../src/web/page/replays.js");

const [folder] = process.argv.slice(2);
const faults = [];
let [kernels, cases, mutants, runs, host] = [0, 0, 0, 0, undefined];
for (const file of readdirSync(folder).sort()) {
  const checks = JSON.parse(readFileSync(join(folder, file), "utf8"));
  host ??= await Host.open(globalThis.gpu, checks.limits, (problem) => faults.push(problem));
  const words = await wordsOf(checks);
  for (const checked of checks.kernels) {
    const result = await check(host, checked, words, true);
    if (!result.ok) faults.push(`${result.name}: ${result.fault}`);
    faults.push(...result.survivors.map((survivor) => `${result.name}: the mutant ${survivor} survives`));
    kernels += 1;
    cases += result.cases;
    mutants += result.mutants;
  }
  for (const replay of await replaysOf(checks.replays)) {
    const result = await replayed(host, replay);
    if (!result.ok) faults.push(`${result.name}: ${result.fault}`);
    runs += 1;
  }
}
for (const fault of faults) console.log(fault);
console.log(`${host?.adapter}: ${kernels} kernels, ${cases} cases, ${mutants} mutants, ${runs} recorded runs, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0); // an open device would keep the process alive
