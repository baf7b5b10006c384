// The state of the page (protocol, picture, step), and what changes it.

const MOST_DRAWN = 8, CLASS_COLOURS = 7, OTHER = "var(--c-other)";
const state = { protocol: null, number: -1, sequence: null, k: 0, image: null, drawn: new Set(), options: [], busy: 0, width: 0 };
let numbers = [], cards = [], layerRows = [], similarity = null, looked = null, colourOf = () => OTHER;
index.networks.forEach((_, number) => { if (number < MOST_DRAWN) state.drawn.add(number); });

const labelOf = (place) => index.pictures[place].label;
const trueTitle = () => (state.sequence && labelOf(state.sequence.place) === null ? "P(most probable class)" : "P(true class)");

// The list of pictures: filtered, sorted, one of them chosen.

function listPictures() {
  const { facts } = state.protocol, order = byId("order").value, wanted = byId("class").value;
  const words = byId("search").value.trim().toLowerCase();
  const matches = (picture) => (wanted === "" || String(picture.label) === wanted) &&
    (words === "" || picture.id.toLowerCase().includes(words) || (picture.label !== null && className(picture.label).toLowerCase().includes(words)));
  const places = index.pictures.map((_, place) => place).filter((place) => matches(index.pictures[place]));
  const name = (place) => index.pictures[place].id;
  const byName = (a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0);
  const keys = {
    flips: (a, b) => sum(facts.flips[b]) - sum(facts.flips[a]),
    disagreement: (a, b) => (facts.disagreements[b] ?? -1) - (facts.disagreements[a] ?? -1),
    class: (a, b) => (labelOf(a) ?? Infinity) - (labelOf(b) ?? Infinity) || 0,
    id: () => 0,
  };
  places.sort((a, b) => keys[order](a, b) || byName(a, b));
  const options = places.map((place) => {
    const option = element("li"), counted = facts.flips[place];
    option.id = `picture-${place}`;
    option.setAttribute("role", "option");
    option.dataset.place = place;
    const said = counted ? `${labelOf(place) === null ? "" : `${className(labelOf(place))}; `}flips ${sum(counted)}, disagreement ${facts.disagreements[place]}` : "not under this protocol";
    option.append(element("span", "id", name(place)), element("small", "", said));
    return option;
  });
  byId("pictures").replaceChildren(...options);
  state.options = places;
  byId("count").textContent = `${places.length} of ${index.pictures.length} pictures`;
  markChosen();
}

function markChosen() {
  const list = byId("pictures"), place = state.sequence?.place;
  for (const option of list.children) option.setAttribute("aria-selected", String(Number(option.dataset.place) === place));
  const chosen = byId(`picture-${place}`);
  if (!chosen) return list.removeAttribute("aria-activedescendant");
  list.setAttribute("aria-activedescendant", chosen.id);
  // Not scrollIntoView, which would move the page as well.
  const above = chosen.offsetTop - list.offsetTop, below = above + chosen.offsetHeight;
  if (above < list.scrollTop) list.scrollTop = above;
  else if (below > list.scrollTop + list.clientHeight) list.scrollTop = below - list.clientHeight;
}

// Going to a protocol, a picture, a step.

async function openProtocol(number, picture, step) {
  const turn = ++state.busy, protocol = await loadProtocol(number);
  if (turn !== state.busy) return;
  state.protocol = protocol;
  state.number = number;
  byId("protocol").value = String(number);
  listPictures();
  const able = (place) => place !== undefined && protocol.answers.counts[place] > 0;
  const place = [picture, state.sequence?.place, ...state.options, ...index.pictures.keys()].find(able);
  if (place !== undefined) await openPicture(place, step);
}

async function openPicture(place, step) {
  const protocol = state.protocol, turn = ++state.busy;
  if (!protocol.answers.counts[place]) return;
  const sequence = sequenceOf(protocol, place);
  Object.assign(state, { sequence, image: null });
  state.k = Math.max(0, step === undefined ? Math.min(state.k, sequence.count - 1) : nearest(sequence.steps, step));
  byId("step").max = String(sequence.count - 1);
  redraw();
  markChosen();
  const image = await sheetOf(protocol, place);
  if (turn !== state.busy) return;
  state.image = image;
  byId("frames-note").textContent = framesSaid(protocol, place, image);
  drawFrames(protocol, sequence, state.k, image);
  document.documentElement.dataset.ready = `${state.number}/${place}`;
  performance.mark("ready");
}

const nearest = (steps, step) => steps.reduce((best, one, k) => (Math.abs(one - step) < Math.abs(steps[best] - step) ? k : best), 0);

function goTo(k) {
  if (!state.sequence || k < 0 || k >= state.sequence.count || k === state.k) return;
  state.k = k;
  redrawStep();
}

function goToFlip(direction) {
  const { networks, count } = state.sequence;
  for (let k = state.k + direction; k >= 0 && k < count; k += direction)
    if (networks.some(({ number, flips }) => state.drawn.has(number) && flips[k])) return goTo(k);
}

function goToPicture(direction) {
  const { options, sequence, protocol } = state;
  for (let at = options.indexOf(sequence?.place) + direction; at >= 0 && at < options.length; at += direction)
    if (protocol.answers.counts[options[at]]) return openPicture(options[at]);
}

// Drawing: what belongs to the picture, and what belongs to the step.

function chooseColours() {
  const { sequence } = state, label = labelOf(sequence.place), counts = new Map();
  for (const { own } of sequence.networks) for (const { top1 } of own) if (top1 !== null) counts.set(top1, (counts.get(top1) ?? 0) + 1);
  const others = [...counts.keys()].filter((one) => one !== label).sort((a, b) => counts.get(b) - counts.get(a) || a - b).slice(0, CLASS_COLOURS - 1);
  const style = getComputedStyle(document.documentElement), known = new Map();
  if (label !== null) known.set(label, style.getPropertyValue("--c0").trim());
  others.forEach((one, k) => known.set(one, style.getPropertyValue(`--c${k + 1}`).trim()));
  const other = style.getPropertyValue("--c-other").trim();
  colourOf = (one) => known.get(one) ?? other;
  const entries = [...known].map(([one, colour]) => [className(one) + (one === label ? " (true class)" : ""), colour]);
  if ([...counts.keys()].some((one) => !known.has(one))) entries.push(["other classes", other]);
  byId("legend").replaceChildren(...entries.map(([text, colour]) => {
    const item = element("li"), key = element("span", "key");
    key.style.background = colour;
    item.append(key, text);
    return item;
  }));
}

function redraw() {
  const { sequence, protocol, drawn } = state, picture = index.pictures[sequence.place], { facts } = protocol;
  const shown = sequence.networks.filter(({ number }) => drawn.has(number));
  byId("title").textContent = picture.id;
  byId("about").textContent = aboutSaid(picture);
  byId("curve-title").textContent = trueTitle();
  byId("unordered").hidden = facts.ordered;
  chooseColours();
  const value = (answer) => (picture.label === null ? answer.five[0]?.prob ?? null : answer.truth);
  const curves = shown.map(({ name, number, own, flips }) => ({ name, number, flips, values: own.map(value) }));
  drawCurves(byId("curve"), sequence, curves, facts, `${trueTitle()} along the steps for ${shown.map(({ name }) => name).join(", ")}; the table has the numbers at the chosen step`);
  drawStrips(byId("strips"), sequence, shown, colourOf, facts.ordered);
  numbers = makeNumbers(sequence, drawn, (number, on) => { if (on) drawn.add(number); else drawn.delete(number); redraw(); byId("numbers").tBodies[0].rows[number].querySelector("input").focus(); });
  cards = makeTop(sequence, drawn);
  byId("frames-note").textContent = "";
  redrawLayers();
  state.width = byId("curve").clientWidth;
  redrawStep();
}

function redrawLayers() {
  const { protocol, sequence } = state, { networks } = protocol.facts.inside, section = byId("inside"), select = byId("inside-network");
  section.hidden = !networks.length;
  looked = null;
  if (section.hidden) return;
  if (select.dataset.of !== String(state.number)) {
    select.replaceChildren(...networks.map(({ network }, k) => new Option(network, String(k))));
    select.dataset.of = String(state.number);
  }
  const k = Number(select.value);
  looked = networks[k];
  similarity = protocol.layers[`similarity${k}`];
  layerRows = makeLayers(looked);
  const aligned = looked.shifts.length === sequence.count;
  byId("heat").hidden = !aligned;
  if (aligned) drawHeat(byId("heat"), looked.layers.length, looked.shifts.length, similarity);
  const pictures = Math.max(...looked.layers.map((layer) => layer.pictures));
  byId("inside-note").textContent = `These are means over ${pictures} pictures, not of this picture alone. Rows: the last layer of each depth, from the input down. Colour: how alike a layer's pooled map is to that at shift 0, from pale (cosine 0) to dark (1). Nonshiftability: 0 where the sum of the map does not change with the shift, up to 1.`;
  byId("layers").caption.textContent = `Layers of ${looked.network}, over ${pictures} pictures`;
}

function redrawStep() {
  const { sequence, protocol, k, image } = state, { facts } = protocol, label = labelOf(sequence.place);
  const said = valueSaid(facts, sequence.values[k]), slider = byId("step");
  slider.value = String(k);
  slider.setAttribute("aria-valuetext", `${said}, step ${k + 1} of ${sequence.count}`);
  byId("where").textContent = `${said} (step ${k + 1} of ${sequence.count})`;
  byId("numbers").caption.textContent = `At ${said}, step ${k + 1} of ${sequence.count}`;
  for (const host of [byId("curve"), byId("strips"), byId("heat")]) moveCursor(host, state.width, sequence, k);
  fillNumbers(numbers, sequence, k, label);
  fillTop(cards, sequence, k, label, colourOf);
  drawFrames(protocol, sequence, k, image);
  if (looked) fillLayers(layerRows, looked, similarity, sequence.values[k]);
  keepPlace();
  speak();
}

const protocolSaid = ({ name, title }) => (name === title ? name : `${name} (${title})`);

function aboutSaid(picture) {
  const reasons = { flips: "chosen for its flips", disagreement: "chosen because networks disagree on it", random: "drawn at random" };
  const why = index.pictures.length < index.total ? `, ${reasons[picture.why]}` : "";
  return (picture.label === null ? "No label" : `True class: ${className(picture.label)}`) + `${why}. Protocol: ${protocolSaid(state.protocol.facts)}. ${state.protocol.facts.note}`;
}

// The address, so that a place can be sent; and a sentence for those who do not see the page. Both wait for a pause.

let waiting = 0, silent = true;

function keepPlace() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const { sequence, protocol, k } = state;
    const place = new URLSearchParams({ protocol: protocol.facts.name, picture: index.pictures[sequence.place].id, step: sequence.steps[k] });
    history.replaceState(null, "", `#${place}`);
  }, 150);
}

let speaking = 0;

function speak() {
  clearTimeout(speaking);
  if (silent) { silent = false; return; }
  speaking = setTimeout(() => {
    const { sequence, k, drawn } = state;
    const said = sequence.networks.filter(({ number }) => drawn.has(number)).slice(0, 4).map(({ name, own }) => {
      const { five } = own[k];
      return five.length ? `${name}: ${className(five[0].index)}, ${five[0].prob.toFixed(2)}` : `${name}: none`;
    });
    byId("spoken").textContent = said.join(". ");
  }, 500);
}

function placeInAddress() {
  const place = new URLSearchParams(location.hash.slice(1)), found = index.protocols.findIndex(({ name }) => name === place.get("protocol"));
  const picture = index.pictures.findIndex(({ id }) => id === place.get("picture")), step = Number(place.get("step"));
  return {
    protocol: found < 0 ? 0 : found,
    picture: picture < 0 ? undefined : picture,
    step: place.get("step") === null || !Number.isFinite(step) ? undefined : step,
  };
}

// What the reader does.

function prepare() {
  const { total, pictures, chosen } = index, all = pictures.length, some = (why, text) => (chosen[why] ? [`${chosen[why]} ${text}`] : []);
  const said = [...some("flips", "with the most flips"), ...some("disagreement", "on which networks disagree most"), ...some("random", "drawn at random")];
  byId("said").textContent = all < total ? `Here are ${all} of the ${total} pictures: ${said.join(", ")}, over all protocols and networks.` : `Here are all ${total} pictures.`;
  byId("protocol").replaceChildren(...index.protocols.map((facts, k) => new Option(protocolSaid(facts), String(k))));
  const labels = [...new Set(pictures.map(({ label }) => label).filter((label) => label !== null))].sort((a, b) => a - b);
  byId("class").append(...labels.map((label) => new Option(className(label), String(label))));
  byId("protocol").addEventListener("change", (event) => openProtocol(Number(event.target.value)));
  for (const id of ["order", "class"]) byId(id).addEventListener("change", listPictures);
  byId("search").addEventListener("input", listPictures);
  byId("step").addEventListener("input", (event) => goTo(Number(event.target.value)));
  byId("inside-network").addEventListener("change", () => { redrawLayers(); redrawStep(); });
  byId("flip-before").addEventListener("click", () => goToFlip(-1));
  byId("flip-after").addEventListener("click", () => goToFlip(1));
  byId("picture-before").addEventListener("click", () => goToPicture(-1));
  byId("picture-after").addEventListener("click", () => goToPicture(1));
  byId("pictures").addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) openPicture(Number(option.dataset.place));
  });
  byId("pictures").addEventListener("keydown", (event) => {
    const moves = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity, PageUp: -10, PageDown: 10 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const { options, sequence } = state, able = options.filter((place) => state.protocol.answers.counts[place]);
    const at = Math.max(0, Math.min(able.length - 1, able.indexOf(sequence?.place) + moves[event.key]));
    if (able.length) openPicture(able[at]);
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    event.preventDefault();
    goTo(state.k + step);
  });
  for (const id of ["curve", "strips", "heat"]) dragged(byId(id), () => state.sequence?.count ?? 1, goTo);
  addEventListener("hashchange", () => { const { protocol, picture, step } = placeInAddress(); openProtocol(protocol, picture, step); });
  let width = byId("main").clientWidth;
  new ResizeObserver(() => {
    if (byId("main").clientWidth === width || !state.sequence) return;
    width = byId("main").clientWidth;
    redraw();
  }).observe(byId("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.sequence && redraw());
}

try {
  if (!globalThis.DecompressionStream) throw new Error("this browser is too old for the page: it cannot unpack what the page carries");
  prepare();
  const { protocol, picture, step } = placeInAddress();
  await openProtocol(protocol, picture, step);
  if (step === undefined && state.sequence) goToFlip(1); // a first look at what the page is about
} catch (error) {
  byId("trouble").hidden = false;
  byId("trouble").textContent = `The page cannot be shown: ${error.message}.`;
  throw error;
}
