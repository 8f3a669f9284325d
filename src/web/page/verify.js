import { check, wordsOf } from "./cases.js";
import { Host } from "./host.js";
import { replayed, replaysOf } from "./replays.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

/** @type {import("./cases.js").Checks} */
const checks = JSON.parse(element("data").textContent ?? "");
const words = await wordsOf(checks);
const replays = await replaysOf(checks.replays);

/** What was found, to be copied into an issue. */
const report = {
  ok: false,
  version: checks.version,
  device: "",
  browser: navigator.userAgent,
  /** @type {import("./cases.js").KernelResult[]} */
  kernels: [],
  left_out: checks.left_out,
  /** @type {import("./replays.js").ReplayResult[]} */
  traces: [],
  /** @type {string[]} */
  problems: [],
};

/** @param {string} text */
function problem(text) {
  report.problems.push(text);
  element("problem").textContent = text;
  element("problem").hidden = false;
}

/**
 * Adds a line to a table.
 * @param {string} table
 * @param {import("./cases.js").KernelResult | import("./replays.js").ReplayResult} result
 * @param {number} count What was compared.
 * @param {string[]} more
 */
function add(table, { name, ok, worst_share_of_limit: worst, fault = "" }, count, ...more) {
  const share = ok && worst !== null ? worst.toFixed(3) : "FAILED";
  const tr = document.createElement("tr");
  for (const text of [name, String(count), share, ...more]) {
    tr.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  tr.className = ok ? "" : "failed";
  tr.title = fault;
  element(table).querySelector("tbody")?.append(tr);
}

/**
 * Runs every kernel and replays every run, one after the other, and shows each as it is done.
 * @param {Host} host
 * @param {boolean} mutants
 */
async function run(host, mutants) {
  for (const id of ["kernels", "mutants", "copy"]) button(id).disabled = true;
  const progress = /** @type {HTMLProgressElement} */ (element("progress"));
  for (const table of ["table", "traces"]) element(table).querySelector("tbody")?.replaceChildren();
  [report.kernels, report.traces, report.problems] = [[], [], []];
  progress.max = checks.kernels.length + replays.length;
  try {
    for (const [number, checked] of checks.kernels.entries()) {
      element("verdict").textContent = `${checked.name}…`;
      const result = await check(host, checked, words, mutants);
      report.kernels.push(result);
      add("table", result, result.cases, result.mutants > 0 ? `${result.killed} of ${result.mutants}` : "");
      progress.value = number + 1;
    }
    for (const replay of replays) {
      element("verdict").textContent = `${replay.name}…`;
      const result = await replayed(host, replay);
      report.traces.push(result);
      add("traces", result, result.quantities);
      progress.value += 1;
    }
  } catch (error) {
    problem(error instanceof Error ? error.message : String(error));
  }
  const whole = report.kernels.length === checks.kernels.length && report.traces.length === replays.length;
  report.ok = report.problems.length === 0 && whole && [...report.kernels, ...report.traces].every(({ ok }) => ok);
  const sum = (/** @type {"cases" | "mutants" | "killed"} */ what) => report.kernels.reduce((sum, kernel) => sum + kernel[what], 0);
  const killed = mutants ? `; ${sum("killed")} of ${sum("mutants")} mutants killed` : "";
  const verdict = report.ok ? "all within their limits" : "NOT all within their limits";
  const counts = `${report.kernels.length} kernels, ${sum("cases")} cases, ${report.traces.length} recorded runs`;
  element("verdict").textContent = `${counts}: ${verdict}${killed}`;
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
