// Shared by all reports: the data, elements whose text is never markup, untrusted text made visible, numbers.
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");

// A new element. Children that are strings become text nodes: nothing from the data is ever parsed as HTML.
function element(make, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("--")) make.style.setProperty(key, value);
    else make.setAttribute(key, value === true ? "" : value);
  }
  make.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return make;
}
const h = (name, attributes, ...children) => element(document.createElement(name), attributes, children);
const svgNamespace = document.getElementById("namespace").namespaceURI;
const s = (name, attributes, ...children) =>
  element(document.createElementNS(svgNamespace, name), attributes, children);

// Controls, line separators, and marks that override direction or have no width; joiners within emoji stay.
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;
const codePoint = c => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

// Untrusted text as nodes. `blanks`: also spaces at the ends, tabs and line ends become visible.
function shown(text, blanks = false) {
  const nodes = [];
  let run = "";
  const flush = () => { if (run) nodes.push(run); run = ""; };
  const characters = [...String(text)];
  const firstInk = characters.findIndex(c => c !== " ");
  const lastInk = characters.findLastIndex(c => c !== " ");
  characters.forEach((c, i) => {
    const glyph = !blanks ? null
      : c === "\n" ? "↵" : c === "\t" ? "⇥" : c === " " && (i < firstInk || i > lastInk || firstInk < 0) ? "␣" : null;
    if (glyph) { flush(); nodes.push(h("span", { class: "blank" }, glyph)); }
    else if (unsafe.test(c)) { flush(); nodes.push(h("span", { class: "code", title: codePoint(c) }, codePoint(c).slice(2))); }
    else run += c;
  });
  flush();
  return nodes;
}

const fixed = (x, places) => Number.isFinite(x) ? x.toFixed(places).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−") : "–";
const percent = (x, places = 1) => Number.isFinite(x) ? fixed(100 * x, places) + " %" : "–";
const count = n => Number.isFinite(n) ? String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f") : "–";
// Three figures, whatever the size.
function short(x) {
  if (!Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size >= 1e6 || (size > 0 && size < 5e-4)) return x.toExponential(0).replace("-", "−").replace("e+", "e");
  return fixed(x, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
const seconds = x => x < 0.0995 ? fixed(1000 * x, 1) + " ms" : x < 120 ? short(x) + " s" : fixed(x / 60, 1) + " min";
const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;
const sum = values => values.reduce((a, b) => a + b, 0);

// A model's name beside its colour.
const named = (name, index) =>
  h("span", { class: "name" + (index >= 0 ? " m" + index % 10 : "") }, index >= 0 ? h("i", { "aria-hidden": "true" }) : null,
    h("span", { title: name }, shown(name)));

// A table; a cell is a node, a text, or { n: number as text } which stands on the right.
function table(head, rows, { foot, className } = {}) {
  const cell = (value, header) => value !== null && typeof value === "object" && "n" in value
    ? h(header ? "th" : "td", { class: "n", scope: header ? "col" : null, ...value.attributes }, value.n)
    : h(header ? "th" : "td", { scope: header ? "col" : null }, value);
  const row = values => h("tr", {}, values.map((value, i) => i === 0 ? h("th", { scope: "row" }, value) : cell(value)));
  return h("div", { class: "scroll" + (className === "heat" ? "" : " plain") }, h("table", { class: className },
    h("thead", {}, h("tr", {}, head.map(value => cell(value, true)))),
    h("tbody", {}, rows.map(row)), foot ? h("tfoot", {}, row(foot)) : null));
}

const section = (title, note, ...children) =>
  h("section", {}, h("h2", {}, title), note ? h("p", { class: "note" }, note) : null, children);

// Draws a chart at its width now and whenever that changes.
function chart(label, draw) {
  const box = h("div", { class: "scroll" });
  let drawn = 0;
  const redraw = () => {
    const width = Math.floor(box.clientWidth);
    if (width && width !== drawn) { drawn = width; box.replaceChildren(draw(width)); }
  };
  new ResizeObserver(redraw).observe(box);
  return h("figure", { role: "img", "aria-label": label }, box);
}
