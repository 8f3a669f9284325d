import { show } from "./picture.js";

/**
 * A number as the page shows it.
 * @param {number} value
 */
export function written(value) {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

/**
 * Fills a table with what the encoder finds: μ and σ of each latent, or an autoencoder's code.
 * @param {HTMLElement} table
 * @param {Float32Array} mean
 * @param {Float32Array} [logVar]
 */
export function fillTable(table, mean, logVar) {
  const heads = ["latent", ...(logVar ? ["μ", "σ"] : ["code"])];
  const sigmas = logVar?.map((value) => Math.exp(value / 2));
  const rows = Array.from(mean, (value, j) => [String(j), written(value), ...(sigmas ? [written(sigmas[j])] : [])]);
  const row = (/** @type {string} */ tag, /** @type {string[]} */ cells) => {
    const tr = document.createElement("tr");
    for (const cell of cells) tr.append(Object.assign(document.createElement(tag), { textContent: cell }));
    return tr;
  };
  const [head, body] = ["thead", "tbody"].map((tag) => document.createElement(tag));
  head.append(row("th", heads));
  body.append(...rows.map((cells) => row("td", cells)));
  table.replaceChildren(head, body);
}

/**
 * The step that an arrow key takes in a row of choices; 0 for any other key.
 * @param {KeyboardEvent} event
 */
export function stepOf(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0;
  if (step !== 0) event.preventDefault();
  return step;
}

/**
 * Fills a list box with images, one of which a click or the arrow keys choose.
 * @param {HTMLElement} list
 * @param {Float32Array[]} images
 * @param {import("./picture.js").Size} size
 * @param {string} what What one of them is called.
 * @param {(number: number) => void} chosen
 */
export function fillList(list, images, size, what, chosen) {
  let current = -1;
  const choose = (/** @type {number} */ number) => {
    list.children[current]?.setAttribute("aria-selected", "false");
    current = Math.min(images.length - 1, Math.max(0, number));
    const picture = list.children[current];
    picture.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", picture.id);
    picture.scrollIntoView({ block: "nearest", inline: "nearest" });
    chosen(current);
  };
  const pictures = images.map((pixels, number) => {
    const picture = Object.assign(document.createElement("canvas"), { id: `image-${number}` });
    const attributes = { role: "option", "aria-selected": "false", "aria-label": `${what} ${number}` };
    for (const [name, value] of Object.entries(attributes)) picture.setAttribute(name, value);
    picture.onclick = () => choose(number);
    show(picture, pixels, size);
    return picture;
  });
  list.append(...pictures);
  list.addEventListener("keydown", (event) => {
    const step = stepOf(event);
    if (step !== 0) choose(current + step);
  });
}
