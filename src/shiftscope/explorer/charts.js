// Curves and strips along the steps of a picture. All have the same left edge, so that one cursor goes through all of them.

const SVG = "http://www.w3.org/2000/svg", LEFT = 44, RIGHT = 8, HEIGHT = 230, TOP = 8, BOTTOM = 40;
const DASHES = ["", "6 3", "2 3", "9 3 2 3", "1 4"];

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Where the middle of each step lies, px from the left edge of a chart.
function placesOf(width, count) {
  const cell = (width - LEFT - RIGHT) / Math.max(count, 1);
  return { cell, at: (k) => LEFT + (k + 0.5) * cell, from: (x) => Math.floor((x - LEFT) / cell) };
}

const networkColour = (number) => `var(--n${number % 8})`;
const dashOf = (number) => DASHES[Math.floor(number / 8) % DASHES.length] || DASHES[number % DASHES.length];

// The curves of the drawn networks. `curves`: {number, name, values (null where unknown), flips}.
function drawCurves(host, sequence, curves, facts, label) {
  const width = host.clientWidth, { at } = placesOf(width, sequence.count);
  const y = (value) => TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
  const svg = node("svg", { width, height: HEIGHT, role: "img", "aria-label": label });
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(node("line", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }));
    svg.append(node("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  ticks(sequence.count, width).forEach((k) => {
    const text = facts.names[String(sequence.values[k])] === undefined ? String(+sequence.values[k].toFixed(3)).replace("-", "−") : String(k + 1);
    svg.append(node("text", { x: at(k), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, text));
  });
  svg.append(node("text", { x: LEFT + (width - LEFT - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, axisSaid(facts)));
  for (const { number, values, flips } of curves) {
    const colour = networkColour(number);
    let path = "", open = false;
    values.forEach((value, k) => {
      const next = open && sequence.steps[k] === sequence.steps[k - 1] + 1 ? "L" : "M";
      if (value !== null) path += `${next}${at(k).toFixed(1)} ${y(value).toFixed(1)}`;
      open = value !== null;
    });
    const line = node("path", { d: path, class: "curve", "stroke-dasharray": dashOf(number) });
    line.style.stroke = colour;
    svg.append(line);
    flips.forEach((flip, k) => {
      if (!flip || values[k] === null) return;
      const ring = node("circle", { cx: at(k), cy: y(values[k]), r: 4, class: "flip" });
      ring.style.stroke = colour;
      svg.append(ring);
    });
    if (sequence.count < 40) values.forEach((value, k) => {
      if (value === null) return;
      const dot = node("circle", { cx: at(k), cy: y(value), r: 1.8 });
      dot.style.fill = colour;
      svg.append(dot);
    });
  }
  host.replaceChildren(svg, element("div", "cursor"));
}

const axisSaid = (facts) => facts.title + (Object.keys(facts.names).length ? ", number of the step" : facts.unit ? `, ${facts.unit}` : "");

// Steps that have a number below the axis: not more than fit.
function ticks(count, width) {
  const every = Math.max(1, Math.ceil(count / Math.max(2, Math.floor((width - LEFT) / 48))));
  return Array.from({ length: count }, (_, k) => k).filter((k) => k % every === 0);
}

// One strip for each network: a cell for each step, in the colour of its answer.
function drawStrips(host, sequence, networks, colourOf, ordered) {
  const width = host.clientWidth, ratio = globalThis.devicePixelRatio || 1, { cell } = placesOf(width, sequence.count);
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
  const parts = networks.map(({ name, number, own, flips }) => {
    const row = element("div", "strip"), title = element("div", "name"), canvas = document.createElement("canvas");
    const key = element("span", "key");
    key.style.background = networkColour(number);
    title.append(key, name);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(18 * ratio);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Answers of ${name}: ${runsSaid(sequence, own)}`);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    own.forEach((answer, k) => {
      if (answer.top1 === null) return;
      context.globalAlpha = 0.3 + 0.7 * answer.five[0].prob;
      context.fillStyle = colourOf(answer.top1);
      context.fillRect(LEFT + k * cell, 0, cell + 0.3, 18);
      context.globalAlpha = 1;
      const other = ordered ? flips[k] : k > 0 && own[k - 1].top1 !== answer.top1;
      if (other) { context.fillStyle = ink; context.fillRect(LEFT + k * cell - 0.75, 0, 1.5, 18); }
    });
    row.append(title, canvas);
    return row;
  });
  host.replaceChildren(...parts, element("div", "cursor"));
}

// The answers of a network as a text: runs of the same answer.
function runsSaid(sequence, own) {
  const runs = [];
  own.forEach(({ top1 }, k) => {
    const last = runs.at(-1);
    if (last && last.top1 === top1) last.end = k; else runs.push({ top1, start: k, end: k });
  });
  const said = runs.slice(0, 12).map(({ top1, start, end }) => `${top1 === null ? "none" : className(top1)} at steps ${start + 1} to ${end + 1}`);
  return said.join("; ") + (runs.length > 12 ? `; and ${runs.length - 12} more` : "");
}

// Layers × shifts: the darker, the more like the map at shift 0.
function drawHeat(host, layers, shifts, similarity) {
  const width = host.clientWidth, ratio = globalThis.devicePixelRatio || 1, high = 12;
  const canvas = document.createElement("canvas"), { cell } = placesOf(width, shifts);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(layers * high * ratio);
  canvas.style.height = `${layers * high}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Similarity of every layer's map to that at shift 0, at every shift; the table below has the numbers at this step");
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  for (let layer = 0; layer < layers; layer++)
    for (let k = 0; k < shifts; k++) {
      const value = similarity[layer * shifts + k];
      if (value === NOTHING) continue;
      const part = Math.max(0, value / SCALE);
      context.fillStyle = `rgb(${Math.round(253 - 225 * part)} ${Math.round(231 - 135 * part)} ${Math.round(120 + 40 * part)})`;
      context.fillRect(LEFT + k * cell, layer * high, cell + 0.3, high - 1);
    }
  host.replaceChildren(canvas, element("div", "cursor"));
}

// `width` of the chart, px: to ask for it here would have the page laid out anew for each chart.
function moveCursor(host, width, sequence, k) {
  const cursor = host.lastElementChild;
  if (!cursor) return;
  const { cell } = placesOf(width, sequence.count);
  cursor.style.left = `${LEFT + k * cell}px`;
  cursor.style.width = `${Math.max(cell, 2)}px`;
}

// Call `go` with the number of the step below the pointer, as long as it is held down: outside the chart as well.
function dragged(host, count, go) {
  const to = (event) => {
    const { from } = placesOf(host.clientWidth, count());
    go(Math.max(0, Math.min(count() - 1, from(event.clientX - host.getBoundingClientRect().left))));
  };
  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no text is marked
    byId("step").focus({ preventScroll: true });
    const own = (other) => other.pointerId === event.pointerId, ended = new AbortController(), { signal } = ended;
    addEventListener("pointermove", (moved) => { if (own(moved)) to(moved); }, { signal });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (last) => { if (own(last)) ended.abort(); }, { signal });
    to(event);
  });
}
