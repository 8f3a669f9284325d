import { check, wordsOf } from "./cases.js";
import { Host } from "./host.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

/** @type {import("./cases.js").Checks} */
const checks = JSON.parse(element("data").textContent ?? "");
const words = await wordsOf(checks);

/** What was found, to be copied into an issue. */
const report = {
  ok: false,
  version: checks.version,
  device: "",
  browser: navigator.userAgent,
  /** @type {import("./cases.js").KernelResult[]} */
  kernels: [],
  left_out: checks.left_out,
  /** @type {string[]} */
  problems: [],
};

/** @param {string} text */
function problem(text) {
  report.problems.push(text);
  element("problem").textContent = text;
  element("problem").hidden = false;
}

/** @param {import("./cases.js").KernelResult} result */
function row(result) {
  const share = result.ok && result.worst_share_of_limit !== null ? result.worst_share_of_limit.toFixed(3) : "FAILED";
  const killed = result.mutants > 0 ? `${result.killed} of ${result.mutants}` : "";
  const tr = document.createElement("tr");
  for (const text of [result.name, String(result.cases), share, killed]) {
    tr.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  tr.className = result.ok ? "" : "failed";
  if (!result.ok) tr.title = result.fault ?? "";
  return tr;
}

/**
 * Runs every kernel, one after the other, and shows each as it is done.
 * @param {Host} host
 * @param {boolean} mutants
 */
async function run(host, mutants) {
  for (const id of ["kernels", "mutants", "copy"]) button(id).disabled = true;
  const progress = /** @type {HTMLProgressElement} */ (element("progress"));
  const body = /** @type {HTMLElement} */ (element("table").querySelector("tbody"));
  body.replaceChildren();
  [report.kernels, report.problems] = [[], []];
  progress.max = checks.kernels.length;
  try {
    for (const [number, checked] of checks.kernels.entries()) {
      element("verdict").textContent = `${checked.name}…`;
      const result = await check(host, checked, words, mutants);
      report.kernels.push(result);
      body.append(row(result));
      progress.value = number + 1;
    }
  } catch (error) {
    problem(error instanceof Error ? error.message : String(error));
  }
  report.ok = report.problems.length === 0 && report.kernels.length === checks.kernels.length && report.kernels.every(({ ok }) => ok);
  const sum = (/** @type {"cases" | "mutants" | "killed"} */ what) => report.kernels.reduce((sum, kernel) => sum + kernel[what], 0);
  const killed = mutants ? `; ${sum("killed")} of ${sum("mutants")} mutants killed` : "";
  const verdict = report.ok ? "all within their limits" : "NOT all within their limits";
  element("verdict").textContent = `${report.kernels.length} kernels, ${sum("cases")} cases: ${verdict}${killed}`;
  element("verdict").className = report.ok ? "" : "failed";
  for (const id of ["kernels", "mutants", "copy"]) button(id).disabled = false;
}

async function open() {
  element("left-out").textContent = `${checks.left_out.length} kernels are left out: they need subgroups or cooperative matrices, and others stand in for them.`;
  button("copy").onclick = async () => {
    await navigator.clipboard.writeText(JSON.stringify(report, null, 1));
    element("verdict").textContent = "The report is on the clipboard.";
  };
  if (!navigator.gpu) throw new Error("this browser has no WebGPU; Chrome, Edge, Safari 26 and Firefox 141 have");
  const host = await Host.open(navigator.gpu, checks.limits, problem);
  report.device = host.adapter;
  element("engine").textContent = `${host.adapter}, ${navigator.userAgent}`;
  button("kernels").onclick = () => run(host, false);
  button("mutants").onclick = () => run(host, true);
}

try {
  await open();
} catch (error) {
  for (const id of ["kernels", "mutants"]) button(id).disabled = true;
  element("engine").textContent = "No kernel can be run here.";
  problem(error instanceof Error ? error.message : String(error));
}
/** For the console, and for tests. */
Object.assign(globalThis, { report });
document.documentElement.dataset.ready = "yes";
