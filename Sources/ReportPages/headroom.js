// The headroom report: should these models be fused? Accuracies with intervals, cost, paired tests, kinds of problems.
const result = data.result;
const names = Object.keys(result.strategies);
const isSolo = name => name.startsWith("solo:");
const solos = names.filter(isSolo);
const row = name => result.strategies[name];
const best = solos.reduce((a, b) => a !== undefined && row(a).correct >= row(b).correct ? a : b, undefined);
const fused = names.includes("default") ? "default" : names.find(name => !isSolo(name));
const n = result.problems;
const label = name => isSolo(name) ? name.slice("solo:".length) : name;
// The models have their colours; every way of fusing is ink.
const place = name => isSolo(name) ? solos.indexOf(name) : -1;
const colour = name => isSolo(name) ? "m" + place(name) % 10 : "";
const shade = name => isSolo(name) ? "var(--c)" : "var(--ink)";
const called = name => h("span", { class: "name " + colour(name), "--c": isSolo(name) ? null : "var(--ink)" }, h("i", { "aria-hidden": "true" }), h("span", { title: name }, shown(label(name))));
const plain = text => shown(text).map(node => typeof node === "string" ? node : node.textContent).join("");
const significance = p => p < 0.0001 ? "< 0.0001" : fixed(p, 4);

// A value axis over the accuracies, with room for their intervals.
function accuracyScale(from, to) {
  const ends = [...names.map(row), ...(best ? [result.any_correct] : [])].flatMap(entry => entry.interval);
  const lowest = Math.min(...ends), highest = Math.max(...ends);
  const step = highest - lowest > 0.45 ? 0.2 : highest - lowest > 0.2 ? 0.1 : 0.05;
  const low = Math.max(0, Math.floor(lowest / step + 1e-9) * step), high = Math.min(1, Math.ceil(highest / step - 1e-9) * step);
  const ticks = [];
  for (let tick = low; tick <= high + 1e-9; tick += step) ticks.push(tick);
  return { ticks, at: value => from + (to - from) * (value - low) / Math.max(1e-9, high - low) };
}

// One line per contender: its accuracy and 95 % interval; the ceiling of picking among the models' answers as a band.
function accuracyChart(width) {
  const narrow = width < 560, rowHeight = narrow ? 42 : 30, left = narrow ? 18 : 190, right = narrow ? 22 : 64, top = 24;
  const groups = [solos, names.filter(name => !isSolo(name))].filter(group => group.length);
  const height = top + names.length * rowHeight + (groups.length - 1) * 10 + 24;
  const scale = accuracyScale(left, width - right);
  const picture = s("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  const bottom = height - 22;
  const [low, high] = result.any_correct.interval;
  if (best) picture.append(s("rect", { x: scale.at(low), y: top - 8, width: Math.max(1, scale.at(high) - scale.at(low)), height: bottom - top + 8, fill: "var(--ink)", opacity: 0.06 }));
  for (const tick of scale.ticks) picture.append(
    s("line", { class: "grid", x1: scale.at(tick), x2: scale.at(tick), y1: top - 8, y2: bottom }),
    s("text", { x: scale.at(tick), y: height - 5, "text-anchor": "middle" }, percent(tick, 0)));
  const ceiling = scale.at(result.any_correct.accuracy);
  if (best) picture.append(s("line", { class: "ink", x1: ceiling, x2: ceiling, y1: top - 8, y2: bottom, "stroke-dasharray": "2 3" }),
    s("text", { x: Math.min(ceiling + 4, width), y: 10, "text-anchor": "end" }, `any model right: ${percent(result.any_correct.accuracy)}`));
  let y = top + rowHeight / 2;
  groups.forEach(group => {
    for (const name of group) {
      const { accuracy, interval } = row(name);
      const dotY = narrow ? y + 8 : y;
      const strong = name === fused || name === best ? "strong" : null;
      picture.append(s("text", { class: strong, x: narrow ? 0 : left - 14, y: narrow ? y - 6 : y + 4, "text-anchor": narrow ? "start" : "end" },
        clipped(plain(label(name)), narrow ? 34 : 22) + (narrow ? `  ${percent(accuracy)}` : "")));
      const g = s("g", { class: colour(name) });
      g.append(s("line", { x1: scale.at(interval[0]), x2: scale.at(interval[1]), y1: dotY, y2: dotY, stroke: shade(name), "stroke-width": 2, opacity: 0.45, "stroke-linecap": "round" }),
        s("circle", { cx: scale.at(accuracy), cy: dotY, r: 5, fill: shade(name) }));
      picture.append(g);
      if (!narrow) picture.append(s("text", { class: strong, x: width, y: y + 4, "text-anchor": "end" }, percent(accuracy)));
      y += rowHeight;
    }
    y += 10;
  });
  return picture;
}

// A long name without its middle: names of models often differ at the end.
function clipped(text, most) {
  const characters = [...text];
  if (characters.length <= most) return text;
  const tail = Math.floor(most / 2) - 1;
  return characters.slice(0, most - 1 - tail).join("") + "…" + characters.slice(-tail).join("");
}

// Seconds a problem against accuracy: up and to the left is better.
function costChart(width) {
  const left = 44, right = 16, top = 14, height = 330, bottom = height - 40;
  const perProblem = name => row(name).seconds / Math.max(1, n);
  const most = Math.max(...names.map(perProblem), 1e-9) * 1.06;
  const unit = 10 ** Math.floor(Math.log10(most));
  const tick = [0.1, 0.2, 0.5, 1, 2].map(f => f * unit).find(t => most / t <= (width < 560 ? 4 : 8)) || unit;
  const x = value => left + (width - left - right) * value / most;
  const scale = accuracyScale(bottom, top);
  const picture = s("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  for (const t of scale.ticks) picture.append(
    s("line", { class: "grid", x1: left, x2: width, y1: scale.at(t), y2: scale.at(t) }),
    s("text", { x: left - 8, y: scale.at(t) + 4, "text-anchor": "end" }, percent(t, 0)));
  for (let t = 0; t <= most; t += tick) picture.append(s("text", { x: x(t), y: bottom + 18, "text-anchor": "middle" }, t === 0 ? "0" : tickText(t)));
  picture.append(s("text", { x: width, y: height - 4, "text-anchor": "end" }, "computing time per problem, all models together"));
  const points = names.map(name => ({ name, x: x(perProblem(name)), y: scale.at(row(name).accuracy) }));
  for (const point of points) {
    const [low, high] = row(point.name).interval;
    picture.append(s("g", { class: colour(point.name) },
      s("line", { x1: point.x, x2: point.x, y1: scale.at(low), y2: scale.at(high), stroke: shade(point.name), "stroke-width": 1.5, opacity: 0.3 }),
      s("circle", { cx: point.x, cy: point.y, r: 5, fill: shade(point.name) })));
  }
  for (const note of placed(points, width, top, bottom)) {
    if (note.isFar) picture.append(s("line", { class: "axis", x1: note.point.x, y1: note.point.y, x2: note.anchorX, y2: note.y - 4, opacity: 0.5 }));
    picture.append(s("text", { class: note.point.name === fused || note.point.name === best ? "strong" : null, x: note.x, y: note.y, "text-anchor": note.anchor }, note.text));
  }
  return picture;
}

const tickText = t => t < 0.9995 && t > 0 ? `${Number((1000 * t).toPrecision(3))} ms` : `${Number(t.toPrecision(3))} s`;

// Labels beside their points, moved up or down where they would lie over another label or point.
function placed(points, width, top, bottom) {
  const boxes = points.map(point => ({ x0: point.x - 6, x1: point.x + 6, y0: point.y - 6, y1: point.y + 6 }));
  const isFree = box => !boxes.some(other => box.x0 < other.x1 && box.x1 > other.x0 && box.y0 < other.y1 && box.y1 > other.y0);
  const shifts = [0, ...Array.from({ length: 40 }, (_, i) => 5 * (i + 1)).flatMap(d => [-d, d])];
  return [...points].sort((a, b) => a.y - b.y).map(point => {
    const text = clipped(plain(label(point.name)), 22), size = 6.6 * text.length + 4;
    for (const shift of shifts) for (const side of [1, -1]) {
      const x = point.x + 10 * side, y = point.y + 4 + shift;
      const box = { x0: side > 0 ? x : x - size, x1: side > 0 ? x + size : x, y0: y - 11, y1: y + 3 };
      if (box.x0 < 40 || box.x1 > width + 2 || box.y0 < top - 12 || box.y1 > bottom || !isFree(box)) continue;
      boxes.push(box);
      return { point, text, x, y, anchor: side > 0 ? "start" : "end", anchorX: x - 3 * side, isFar: Math.abs(shift) > 8 };
    }
    return { point, text, x: point.x, y: point.y - 9, anchor: "middle", anchorX: point.x, isFar: false };
  });
}

const testView = () => names.some(name => result.mcnemar[name]) ? section("Is the difference real?",
  `Every way of fusing against the best single model, ${plain(label(best))}, on the same problems: how many only the one and only the other solved, and the exact McNemar probability p of a split at least as uneven if neither were better. Level: p of 0.05 or more.`,
  table(["", { n: "only it" }, { n: "only best" }, { n: "p" }, ""], names.filter(name => result.mcnemar[name]).map(name => {
    const test = result.mcnemar[name];
    const verdict = test.p >= 0.05 ? "level" : test.only_this > test.only_versus ? "better" : "worse";
    return [called(name), { n: count(test.only_this) }, { n: count(test.only_versus) }, { n: significance(test.p) }, { n: h("span", { class: "note" }, verdict) }];
  }))) : null;

function labelsView() {
  if (!result.labels || result.labels.length < 2) return null;
  const most = 40;
  const groups = [...result.labels].sort((a, b) => b.problems - a.problems).slice(0, most);
  const cell = share => ({ n: percent(share, 0), attributes: { "--heat": `${Math.round(34 * Math.max(0, share - 0.3) / 0.7)}%` } });
  const rest = result.labels.length - groups.length;
  return section("By kind of problem", "Accuracy of each contender within each kind; the models help each other where their strengths differ." + (rest > 0 ? ` The ${most} most frequent kinds; ${rest} others are not shown.` : ""),
    table(["", { n: "problems" }, ...names.map(name => ({ n: isSolo(name) ? called(name) : shown(name) })), { n: "any model" }],
      groups.map(group => [shown(group.label), { n: count(group.problems) }, ...names.map(name => cell(group.correct[name] / group.problems)), cell(group.any_correct / group.problems)]),
      { className: "heat" }));
}

const tableView = () => section("All figures", "Seconds are the models' own, summed over models, as if nothing were shared between contenders; tokens are those generated, scored and verified.",
  table(["", { n: "correct" }, { n: "accuracy" }, { n: "95 % interval" }, { n: "tokens" }, { n: "time" }], names.map(name => {
    const { correct, accuracy, interval, tokens, seconds: time } = row(name);
    return [called(name), { n: count(correct) }, { n: percent(accuracy) }, { n: `${fixed(100 * interval[0], 1)} – ${fixed(100 * interval[1], 1)}` }, { n: count(tokens) }, { n: seconds(time) }];
  }), { foot: best && ["any model right", { n: count(result.any_correct.correct) }, { n: percent(result.any_correct.accuracy) },
    { n: `${fixed(100 * result.any_correct.interval[0], 1)} – ${fixed(100 * result.any_correct.interval[1], 1)}` }, "", ""] }));

const modelsView = () => section("The models", null, table(["", "file", "architecture", { n: "parameters" }, "type"],
  result.models.map((model, m) => [named(model.name, solos.includes("solo:" + model.name) ? place("solo:" + model.name) : -1), h("code", {}, shown(model.path)), shown(model.architecture), { n: count(model.parameters) }, shown(model.quantization)])));

function figures() {
  const figure = (name, value, note) => [h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, note)))];
  const alone = sum(solos.map(name => row(name).seconds));
  return h("dl", { class: "figures" },
    best ? figure("best model alone", percent(row(best).accuracy), shown(label(best))) : [],
    fused ? figure(fused === "default" ? "fused" : plain(fused), percent(row(fused).accuracy), fused === "default" ? "what fuse does by default" : "") : [],
    !best ? [] : figure("any model right", percent(result.any_correct.accuracy), "the most that picking one of their answers can reach"),
    fused && solos.length > 1 && alone > 0 ? figure("time", `${fixed(row(fused).seconds / alone, 2)} ×`, `of the ${solos.length} models one after another`) : []);
}

function draw() {
  document.title = "Should I fuse? – coolfusion";
  const [, word, reason] = /^(Yes|No)(:.*)$/s.exec(result.verdict) || [null, "", result.verdict];
  const isPartial = n < result.planned;
  page.replaceChildren(
    h("header", {}, h("p", { class: "kicker" }, "Should I fuse these models? · ", shown(result.task), ` · ${plural(n, "problem")}`),
      h("h1", { class: "answer " + word.toLowerCase() }, h("b", {}, word), shown(reason.replaceAll("solo:", ""))),
      isPartial ? h("p", { class: "warning" }, `The run was interrupted: ${count(n)} of ${plural(result.planned, "problem")} are done.`) : "",
      n ? figures() : ""),
    ...(n ? [
      section("Accuracy", "Dots are the share of problems solved, lines the 95 % interval (Clopper and Pearson)." + (best ? " Dotted, with its interval as a band: how often at least one model alone is right, the ceiling of picking one of their answers." : ""),
        chart("Accuracy of every contender: " + names.map(name => `${plain(label(name))} ${percent(row(name).accuracy)}`).join(", "), accuracyChart)),
      section("Cost against accuracy", "Up and to the left is better.", chart("Computing time per problem against accuracy; the figures are in the table below", costChart)),
      testView(), labelsView(), tableView(), modelsView()].filter(Boolean) : []),
    h("footer", { class: "note" }, `Written by coolfusion ${data.version}; the page is one file and fetches nothing.`));
}
draw();
