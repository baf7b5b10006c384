// What the page carries, unpacked when its turn comes. Every name stays a text: nothing here makes markup.

const MISSING = 65535, SCALE = 10000, NOTHING = -32768, KEPT = 5;
const byId = (id) => document.getElementById(id);
const index = JSON.parse(byId("index").textContent);
const className = (place) => index.classes[place] ?? `class ${place}`;

function bytesOf(text) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

// The arrays of a block by name. Its bytes are compressed; of each array come all first bytes, then all second ones, and so on.
async function unpacked(id, layout) {
  const stream = new Blob([bytesOf(byId(id).textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const arrays = {};
  let start = 0;
  for (const { name, type, length } of layout) {
    const Kind = globalThis[type], width = Kind.BYTES_PER_ELEMENT, own = new Uint8Array(length * width);
    for (let plane = 0; plane < width; plane++)
      for (let k = 0; k < length; k++) own[k * width + plane] = bytes[start + plane * length + k];
    arrays[name] = new Kind(own.buffer);
    start += length * width;
  }
  return arrays;
}

const loaded = new Map();

// A protocol with its arrays, and the row at which each picture begins.
async function loadProtocol(number) {
  if (!loaded.has(number)) {
    const facts = index.protocols[number], id = facts.number;
    const [answers, frames, layers] = await Promise.all([
      unpacked(`answers-${id}`, facts.answers),
      unpacked(`frames-${id}`, facts.frames.layout),
      unpacked(`layers-${id}`, facts.inside.layout),
    ]);
    const starts = [];
    let start = 0;
    for (const count of answers.counts) { starts.push(start); start += count; }
    const sheets = JSON.parse(byId(`sheets-${id}`).textContent);
    loaded.set(number, { facts, answers, frames, layers, sheets, starts, rows: start });
  }
  return loaded.get(number);
}

// What one network answers at one row: probabilities as they are stored, null where there is none.
function answerAt(protocol, network, row) {
  const { answers, rows } = protocol, top = answers[`top${network}`], prob = answers[`prob${network}`];
  const known = (value) => (value === MISSING ? null : value / SCALE);
  const five = [];
  for (let k = 0; k < KEPT; k++)
    if (top[k * rows + row] >= 0) five.push({ index: top[k * rows + row], prob: known(prob[k * rows + row]) });
  return { truth: known(answers[`true${network}`][row]), five, top1: five.length ? five[0].index : null };
}

// The answers of all networks along the steps of one picture, and where they flip.
function sequenceOf(protocol, place) {
  const { answers, starts, facts } = protocol, start = starts[place], count = answers.counts[place];
  const rows = Array.from({ length: count }, (_, k) => start + k);
  const steps = rows.map((row) => answers.steps[row]), values = rows.map((row) => answers.values[row]);
  const networks = index.networks.map((name, number) => {
    const own = rows.map((row) => answerAt(protocol, number, row));
    const flips = own.map(({ top1 }, k) => {
      if (k === 0 || top1 === null) return false;
      if (!facts.ordered) return top1 !== own.find((one) => one.top1 !== null).top1;
      const before = own[k - 1].top1;
      return before !== null && before !== top1 && steps[k] === steps[k - 1] + 1;
    });
    return { name, number, own, flips };
  });
  return { place, start, count, steps, values, networks };
}

// A swept value as the reader knows it: a resizer by its name, anything else with its unit.
function valueSaid(facts, value) {
  const short = String(Math.round(value * 1e6) / 1e6).replace("-", "−");
  return facts.names[String(Math.round(value * 1e6) / 1e6)] ?? `${short} ${facts.unit}`.trim();
}

const four = (value) => (value === null ? "none" : value.toFixed(4));
const sum = (list) => (list ?? []).reduce((total, one) => total + (one ?? 0), 0);
