// The report of one fusion: the text coloured by proposer, and for every segment who proposed what and how it was judged.
const result = data.result;
const models = result.models.map(model => model.name);
const indexOf = new Map(models.map((name, i) => [name, i]));
const segments = result.segments;
const rule = {
  paper: { unit: "", better: "lower", means: "mean perplexity" },
  logprob: { unit: "nats", better: "higher", means: "mean log-probability in nats" },
  robust: { unit: "nats", better: "higher", means: "bounded nats behind each model's favourite, weighed by agreement" },
  pool: { unit: "nats", better: "higher", means: "logarithm of the mean probability, in nats" },
  bpb: { unit: "bits per byte", better: "lower", means: "mean bits per byte" },
}[result.rank] || { unit: "", better: "", means: result.rank };
const inUnit = x => `${short(x)} ${rule.unit}`.trim();
const ways = {
  agreed: "every model in the pool proposed the same text", verified: "the same, and some models only had to check another's draft",
  ranked: "proposals differed; the ranking rule chose", led: "the leading model was sure; the others were not asked",
};

// The model whose colour a segment has: that of the winner's first proposer, none where several agreed.
function owner(segment) {
  const isOwn = segment.how === "ranked" || (segment.proposers.length === 1 && models.length > 1);
  return isOwn ? indexOf.get(segment.proposers[0]) : -1;
}
const owners = segments.map(owner);
const decided = segments.map((_, i) => i).filter(i => segments[i].how === "ranked");
const lengths = segments.map(segment => [...segment.text].length);
// The answer that a strategy which ranks whole answers took from one model; nothing was decided within it.
const soloAnswer = (result.answers || []).find(answer => answer.text === result.text && answer.authors.length);
const isWinner = (segment, candidate) => candidate.proposers.join("\n") === segment.proposers.join("\n");

// MARK: one segment, chosen by pointer, finger or keyboard

const panel = h("aside", { class: "panel", "aria-label": "The chosen segment", "aria-live": "polite" });
const spans = [];
let chosen = -1;
let isPinned = false;
const onChoice = [];

function choose(index, { pin = false, focus = false } = {}) {
  if (index < 0 || index >= segments.length) return;
  if (chosen >= 0) { spans[chosen].setAttribute("aria-selected", "false"); spans[chosen].tabIndex = -1; }
  chosen = index;
  isPinned = pin;
  spans[index].setAttribute("aria-selected", "true");
  spans[index].tabIndex = 0;
  if (focus) spans[index].focus();
  panel.replaceChildren(...described(index).flat());
  panel.scrollTop = 0;
  for (const tell of onChoice) tell(index);
}

function described(index) {
  const segment = segments[index];
  const close = h("button", { class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", release);
  const facts = [`segment ${index + 1} of ${segments.length}`, segment.how, seconds(segment.seconds)];
  return [
    h("header", {}, h("h2", {}, segment.text ? shown(segment.text, true) : "end of text"), close),
    h("p", { class: "note" }, facts.join(" · "), h("br"), reason(segment),
      segment.margin === undefined ? "" : `, by ${inUnit(segment.margin)}`),
    (segment.events || []).map(event => h("p", { class: "warning" }, shown(event))),
    inOrder(segment).map(candidate => candidateBlock(candidate, {
      isWinner: isWinner(segment, candidate), authors: candidate.proposers, hasEnd: candidate.eos,
      alone: segment.candidates.length === 1,
    })),
  ];
}

const reason = segment => segment.how !== "ranked" && segment.how !== "led" && segment.proposers.length === 1
  ? "no other model was asked" : ways[segment.how] || "";

// The candidates, the winner first, the others by their score.
function inOrder(segment) {
  const place = candidate => isWinner(segment, candidate) ? -Infinity
    : (rule.better === "lower" ? 1 : -1) * (candidate.score ?? NaN);
  return [...segment.candidates].sort((a, b) => { const d = place(a) - place(b); return Number.isNaN(d) ? 0 : d; });
}

// One candidate with what every model says about it.
function candidateBlock(candidate, { isWinner, authors, hasEnd, alone, isAnswer }) {
  const rows = models.filter(name => candidate.models[name]).map(name => {
    const opinion = candidate.models[name];
    const chance = Math.exp(-opinion.nll);
    const bits = opinion.nll / Math.LN2 / Math.max(1, opinion.bytes);
    const meter = { class: "n meter m" + indexOf.get(name) % 10, "--w": `${(100 * chance).toFixed(1)}%` };
    const likely = isAnswer ? { n: short(bits) } : { n: percent(chance, chance < 0.0995 ? 1 : 0), attributes: meter };
    return [named(name, indexOf.get(name)), likely,
      { n: short(opinion.nll) }, { n: count(opinion.tokens) }, { n: short(opinion.perplexity) }];
  });
  const head = ["", { n: isAnswer ? "bits/byte" : "prob." }, { n: "nats" }, { n: "tokens" }, { n: "perpl." }];
  const bytes = new TextEncoder().encode(candidate.text).length;
  return h("div", { class: "candidate " + (isWinner ? "won" : "lost") },
    h("div", { class: "head" },
      h("span", { class: "said" }, shown(candidate.text, true), hasEnd ? h("span", { class: "blank" }, " ∎") : null,
        isWinner && !alone ? h("span", { class: "won" }, "✓ written") : null),
      candidate.score === undefined ? null : h("span", { title: isAnswer ? null : `${rule.means}; ${rule.better} is better` }, `score ${short(candidate.score)}`)),
    h("div", { class: "by" }, authors.map(name => named(name, indexOf.get(name))), h("span", {}, plural(bytes, "byte")),
      hasEnd ? h("span", {}, "∎ ends the text") : null),
    rows.length ? table(head, rows) : h("p", { class: "by" }, alone ? "not scored: nothing had to be decided" : "not scored"));
}

function release() {
  isPinned = false;
  document.body.classList.remove("picked");
}

function textView() {
  const list = h("span", { role: "listbox", "aria-label": "The text; arrow keys go from segment to segment", "aria-orientation": "horizontal" });
  const prompt = data.continues ? h("span", { class: "prompt" }, shown(data.messages[0].content)) : "";
  const text = h("div", { class: "text", dir: "auto" }, prompt, list);
  if (/```|\n( {4}|\t)/.test(result.text)) text.classList.add("code-like");
  segments.forEach((segment, i) => {
    // White space around a segment carries no colour.
    const [, before, ink, after] = /^(\s*)(.*?)(\s*)$/su.exec(segment.text);
    const mark = ink ? h("span", { class: "mark" }, shown(ink)) : h("span", { class: "mark end" }, segment.text ? "" : "∎");
    const span = h("span", {
      role: "option", "aria-selected": "false", tabindex: "-1", "data-index": i,
      class: segment.how + (owners[i] >= 0 ? " m" + owners[i] % 10 : " common"),
      "aria-label": ink ? null : segment.text ? "white space" : "end of text",
    }, before, mark, after);
    if (owners[i] < 0) mark.style.textDecoration = "none";
    spans.push(span);
    list.append(span);
  });
  const at = event => { const span = event.target.closest("[data-index]"); return span ? Number(span.dataset.index) : -1; };
  text.addEventListener("pointerover", event => { if (event.pointerType === "mouse" && !isPinned) choose(at(event)); });
  text.addEventListener("click", event => {
    const index = at(event);
    if (index < 0) return;
    if (isPinned && index === chosen) return release();
    choose(index, { pin: true, focus: true });
    document.body.classList.add("picked");
  });
  text.addEventListener("focusin", event => { if (at(event) !== chosen) choose(at(event)); });
  text.addEventListener("keydown", event => {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -chosen, End: segments.length - 1 - chosen };
    if (event.key === "Escape") release();
    if (!(event.key in steps)) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(segments.length - 1, chosen + steps[event.key])), { pin: true, focus: true });
    document.body.classList.add("picked");
  });
  return text;
}

const legend = () => h("ul", { class: "legend", "aria-label": "Colours" },
  models.map((name, i) => h("li", { class: "m" + i % 10 }, h("span", { class: "name sample m" + i % 10 }, h("i"), h("span", {}, shown(name))))),
  models.length > 1 ? h("li", { class: "note" }, "no colour: several agree") : null);

// What the text answers; a text that only continues its prompt stands right behind it.
const prompts = () => data.continues ? null : data.messages.map(message => h("p", { class: "prompt" },
  data.messages.length > 1 ? h("b", {}, shown(message.role)) : null, shown(message.content)));

// MARK: the whole text at a glance

// Margins of the decisions above, who proposed what was written below; the same x for both.
function timeline(width) {
  const left = 40, rowHeight = 9, plot = 120, top = 12;
  const full = Math.max(width, left + 3 * segments.length + 8);
  const step = (full - left - 8) / segments.length;
  const x = i => left + step * (i + 0.5);
  const margins = decided.map(i => segments[i].margin).filter(margin => margin > 0);
  const low = Math.floor(Math.log10(Math.min(0.1, ...margins.map(margin => Math.max(margin, 1e-4)))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1, ...margins))));
  const y = margin => top + plot * (1 - (Math.log10(Math.max(margin, 10 ** low)) - low) / (high - low));
  const height = top + plot + 14 + models.length * rowHeight + 22;
  const picture = s("svg", { width: full, height, viewBox: `0 0 ${full} ${height}`, class: "timeline" });
  for (let power = low; power <= high; power++) {
    picture.append(s("line", { class: "grid", x1: left, x2: full, y1: y(10 ** power), y2: y(10 ** power) }),
      s("text", { x: left - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, String(10 ** power)));
  }
  for (const i of decided) {
    const at = y(segments[i].margin ?? 0);
    picture.append(s("g", { class: "m" + owners[i] % 10 },
      s("line", { x1: x(i), x2: x(i), y1: top + plot, y2: at, stroke: "var(--c)", "stroke-width": Math.min(2, step * 0.6) }),
      s("circle", { cx: x(i), cy: at, r: Math.max(2, Math.min(4.5, step * 0.45)), fill: "var(--c)" })));
  }
  models.forEach((name, row) => picture.append(proposals(name, row, top + plot + 14 + row * rowHeight, x, step, rowHeight)));
  const foot = height - 4;
  picture.append(s("text", { x: left, y: foot }, "first segment"), s("text", { x: full - 8, y: foot, "text-anchor": "end" }, `segment ${segments.length}`));
  const cursor = s("line", { class: "ink", y1: 0, y2: height - 18, "stroke-width": 1, opacity: 0.55 });
  picture.append(cursor);
  const place = index => { cursor.setAttribute("x1", x(index)); cursor.setAttribute("x2", x(index)); };
  onChoice[0] = place;
  if (chosen >= 0) place(chosen);
  const at = event => Math.max(0, Math.min(segments.length - 1, Math.floor((event.clientX - picture.getBoundingClientRect().left - left) / step)));
  picture.addEventListener("pointermove", event => { if (event.pointerType === "mouse" && !isPinned) choose(at(event)); });
  picture.addEventListener("click", event => { choose(at(event), { pin: true }); document.body.classList.add("picked"); });
  return picture;
}

const timelineView = () => segments.length < 2 || models.length < 2 || soloAnswer ? "" : section("Margins and proposals",
  `Above, the lead of each decision${rule.unit ? `, in ${rule.unit}` : ""}, on a logarithmic scale: low is close. Below, a row per model: strong where its proposal was written, pale where another's was.`,
  chart("Margins of the decisions along the text, and whose proposal was written", timeline));

// A model's row: full where its proposal was written, pale where another's was. Neighbours are one rectangle.
function proposals(name, row, top, x, step, height) {
  const state = i => segments[i].proposers.includes(name) ? 2 : segments[i].candidates.some(c => c.proposers.includes(name)) ? 1 : 0;
  const group = s("g", { class: "m" + row % 10 });
  for (let start = 0, i = 1; i <= segments.length; i++) {
    if (i < segments.length && state(i) === state(start)) continue;
    if (state(start)) group.append(s("rect", {
      x: x(start) - step / 2 + 0.5, y: top, width: Math.max(1, step * (i - start) - 1), height: height - 3, rx: 1.5,
      fill: "var(--c)", opacity: state(start) === 2 ? 0.85 : 0.18 }));
    start = i;
  }
  return group;
}

function shareView() {
  const total = Math.max(1, sum(lengths));
  const share = models.map((_, m) => sum(lengths.filter((_, i) => owners[i] === m)) / total);
  const common = 1 - sum(share);
  const proposed = name => segments.filter(segment => segment.proposers.includes(name)).length;
  const contested = name => decided.filter(i => segments[i].candidates.some(c => c.proposers.includes(name)));
  const rows = models.map((name, m) => {
    const won = contested(name).filter(i => segments[i].proposers.includes(name)).length;
    return [named(name, m), { n: percent(share[m]) }, { n: percent(proposed(name) / Math.max(1, segments.length), 0) },
      { n: `${won} of ${contested(name).length}` }, { n: short(result.weights[name]) }];
  });
  rows.push([named("several agree", -1), { n: percent(common) }, "", "", ""]);
  return section("Who wrote it", "Share of the characters by colour; how often a model's proposal was the one written, in all segments and where proposals differed.",
    h("div", { class: "stack", "aria-hidden": "true" },
      share.map((part, m) => part > 0 ? h("span", { class: "m" + m % 10, style: `flex: ${part}` }) : null),
      common > 1e-9 ? h("span", { style: `flex: ${common}` }) : null),
    table(["", { n: "text" }, { n: "proposed" }, { n: "decisions" }, { n: "weight" }], rows));
}

function decisionView() {
  const tones = { agreed: "26%", verified: "14%", led: "48%", ranked: "90%" };
  const counts = Object.keys(ways).map(how => [how, segments.filter(segment => segment.how === how).length]).filter(([, n]) => n);
  const tone = how => `color-mix(in srgb, var(--ink) ${tones[how]}, var(--paper))`;
  return section("How it was decided", "Only where proposals differ is there anything to decide.",
    h("div", { class: "stack", "aria-hidden": "true" }, counts.map(([how, n]) => h("span", { style: `flex: ${n}`, "--c": tone(how) }))),
    table(["", { n: "segments" }, ""], counts.map(([how, n]) => [
      h("span", { class: "name", "--c": tone(how) }, h("i"), how), { n: count(n) }, h("span", { class: "note" }, ways[how])])));
}

const proposal = (candidate, model) => h("span", { class: "name proposal m" + model % 10 }, h("i"),
  h("span", {}, shown(candidate.text, true), candidate.eos ? "∎" : ""));

// The decisions, the closest first.
function callsView() {
  if (!decided.length) return null;
  const order = [...decided].sort((a, b) => (segments[a].margin ?? Infinity) - (segments[b].margin ?? Infinity));
  const before = i => {
    const line = [...segments.slice(Math.max(0, i - 12), i).map(segment => segment.text).join("").split("\n").at(-1)];
    return line.length > 28 ? "…" + line.slice(-28).join("").replace(/^\S* /, "") : line.join("");
  };
  const row = i => {
    const jump = h("button", { class: "context", title: "Show this segment" }, shown(before(i)), h("b", {}, shown(segments[i].text, false)));
    jump.addEventListener("click", () => { choose(i, { pin: true, focus: true }); document.body.classList.add("picked"); });
    const others = segments[i].candidates.filter(candidate => !isWinner(segments[i], candidate));
    return [jump, { n: proposal(segments[i], owners[i]), attributes: { style: "text-align: left" } },
      others.map(candidate => proposal(candidate, indexOf.get(candidate.proposers[0]))),
      { n: inUnit(segments[i].margin) }];
  };
  const box = h("div");
  const fill = n => {
    box.replaceChildren(table(["in the text", "written", "instead of", { n: "margin" }], order.slice(0, n).map(row), { className: "calls" }));
    if (n >= order.length) return;
    const more = h("button", {}, `all ${order.length} decisions`);
    more.addEventListener("click", () => fill(order.length));
    box.append(more);
  };
  fill(order.length > 12 ? 8 : order.length);
  return section("The closest decisions", `The margin is the winner's lead over the next candidate by the rule “${result.rank}”: ${rule.means}, ${rule.better} is better.`, box);
}

function answersView() {
  if (!result.answers) return null;
  const block = answer => {
    const wrote = answer.text === result.text;
    const extra = [answer.stop, answer.parsed === undefined ? null : ["reads as ", h("b", {}, shown(answer.parsed))]].filter(Boolean);
    const view = candidateBlock(answer, { isWinner: wrote, authors: answer.authors, hasEnd: answer.stop === "eos", isAnswer: true });
    view.querySelector(".by").append(...extra.map(part => h("span", {}, part)));
    if (!answer.authors.length) view.querySelector(".by").prepend(h("span", {}, "the fused answer"));
    return view;
  };
  return section("The answers", `Strategy “${result.strategy}” chose among these whole answers.`, result.answers.map(block));
}

function costView() {
  const usage = models.map(name => result.usage[name]);
  const columns = ["passes", "generated", "scored", "verified", "wasted"];
  const row = (label, use) => [label, ...columns.map(key => ({ n: count(use[key]) })), { n: seconds(use.seconds) }, { n: seconds(use.cpu_seconds) }];
  const whole = Object.fromEntries([...columns, "seconds", "cpu_seconds"].map(key => [key, sum(usage.map(use => use[key]))]));
  return section("What it cost", "Tokens per model. Generated: written one by one. Scored: of other models' proposals. Verified: of drafts, confirmed in batches. Wasted: computed, and not part of the text. Seconds are the model's own, the prompt included.",
    table(["", ...columns.map(n => ({ n })), { n: "time" }, { n: "CPU time" }], models.map((name, m) => row(named(name, m), usage[m])),
      { foot: models.length > 1 ? row("together", whole) : undefined }));
}

const modelsView = () => section("The models", null, table(["", "file", "architecture", { n: "parameters" }, "type"],
  result.models.map((model, m) => [named(model.name, m), h("code", {}, shown(model.path)), shown(model.architecture), { n: count(model.parameters) }, shown(model.quantization)])));

const eventsView = () => result.events && result.events.length
  ? section("Events", null, h("ul", { class: "rows" }, result.events.map(event => h("li", { class: "warning" }, shown(event))))) : null;

// MARK: the page

const stops = {
  eos: "The text ended by itself.", length: "The text was cut at the length asked for.", stop_string: "The text ended at a stop string.",
  exhausted: "No model could go on; the events say why.", cancelled: "The run was interrupted: this is what had been written.",
};

function headline() {
  if (models.length === 1) return ["A text by one model", `${plural(segments.length, "segment")}; with one model there is nothing to decide.`];
  const title = result.answers ? `The best of ${plural(result.answers.length, "answer")} by ${models.length} models` : `One text by ${models.length} models`;
  const agreed = owners.filter((index, i) => index < 0 && segments[i].how !== "ranked").length;
  const alone = segments.length - agreed - decided.length;
  if (soloAnswer) return [title, ["Chosen: the answer that ", soloAnswer.authors.map((name, i) => [i ? " and " : "", ...shown(name)]), " wrote alone."]];
  if (!decided.length) return [title, `${plural(segments.length, "segment")}; none had to be decided by ranking.`];
  const margins = decided.map(i => segments[i].margin).filter(Number.isFinite);
  const closest = margins.length ? `, the closest by ${inUnit(Math.min(...margins))}` : "";
  return [title, `They agreed on ${agreed} of ${plural(segments.length, "segment")}. ${decided.length} ${decided.length === 1 ? "was" : "were"} decided by ranking${closest}.${
    alone ? ` ${count(alone)} ${alone === 1 ? "was" : "were"} proposed by one model alone.` : ""}`];
}

function draw() {
  const [title, lead] = headline();
  document.title = `${title} – coolfusion`;
  const text = textView();
  page.replaceChildren(
    h("header", {}, h("p", { class: "kicker" }, `coolfusion · strategy ${result.strategy} · rank ${result.rank}`),
      h("h1", {}, title), h("p", { class: "lead" }, lead),
      result.stop === "cancelled" || result.stop === "exhausted" ? h("p", { class: "warning" }, stops[result.stop]) : null),
    h("div", { class: "desk" }, h("div", {}, legend(), prompts() || "", text, timelineView()), segments.length ? panel : null),
    soloAnswer || models.length < 2 || !segments.length ? "" : h("div", { class: "columns", style: "margin-top: 3rem" }, shareView(), decisionView()),
    ...[answersView(), callsView(), costView(), eventsView(), modelsView()].filter(Boolean),
    h("footer", { class: "note" }, `${stops[result.stop] || ""} ${seconds(result.seconds)} in all. Written by coolfusion ${data.version}; the page is one file and fetches nothing.`));
  if (segments.length) {
    const closest = decided.filter(i => Number.isFinite(segments[i].margin)).sort((a, b) => segments[a].margin - segments[b].margin)[0];
    choose(closest ?? 0);
  }
}
draw();
