// Chromium without a display: opens a page of one file, and keeps what no page may do.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.WGVAE_NODE}/package.json`); // where tests/run.sh puts packages
const puppeteer = require("puppeteer-core");

const WEBGPU = ["--enable-unsafe-webgpu", "--enable-unsafe-swiftshader", "--use-webgpu-adapter=swiftshader"];

/**
 * Opens `file` with WebGPU by SwiftShader or without WebGPU, and waits until it is ready. `faults` grows with every console error,
 * exception and request of the page.
 */
export async function open(file, { gpu, width = 1200, height = 900, scheme = "light" }) {
  const browser = await puppeteer.launch({
    executablePath: process.env.WGVAE_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...(gpu ? WEBGPU : ["--disable-gpu", "--disable-features=WebGPU"])],
    protocolTimeout: 300_000,
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(300_000); // on a busy machine SwiftShader is slow
  const [address, faults] = [pathToFileURL(file).href, []];
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`);
  });
  if (!gpu) await page.evaluateOnNewDocument(() => delete Navigator.prototype.gpu);
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "yes", { timeout: 120_000 });
  return { browser, page, faults };
}
