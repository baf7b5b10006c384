// Frames, numbers and layers of the step that is looked at.

const AMPLIFIED = 4;

// The canvases of the frames: made once, drawn at every step.
const framePanels = ["one step before", "this step", "one step after", `difference from one step before, × ${AMPLIFIED}`].map((title, k) => {
  const figure = element("figure"), canvas = document.createElement("canvas"), caption = element("figcaption", "", title);
  canvas.setAttribute("role", "img");
  figure.append(canvas, caption);
  if (k === 1) figure.className = "now";
  byId("frames").append(figure);
  return { canvas, caption, title };
});

// The sheet of a picture as an image; null where the page has none.
async function sheetOf(protocol, place) {
  const data = protocol.sheets[place];
  if (!data) return null;
  const image = new Image();
  image.src = `data:image/webp;base64,${data}`;
  await image.decode();
  return image;
}

function drawFrames(protocol, sequence, k, image) {
  const { frames, facts } = protocol, row = sequence.start + k;
  const there = (place) => image && place >= 0 && place < sequence.count && !Number.isNaN(frames.x[sequence.start + place]);
  const neighbour = (place) => there(place) && (!facts.ordered || Math.abs(sequence.steps[place] - sequence.steps[k]) === 1 || place === k);
  const side = image ? Math.max(1, Math.round(frames.side[row] || facts.frames.side)) : 0;
  const pixels = [k - 1, k, k + 1].map((place, panel) => {
    const { canvas, caption, title } = framePanels[panel], known = neighbour(place);
    showOr(canvas, known);
    caption.textContent = known ? `${title}: ${valueSaid(facts, sequence.values[place])}` : `${title}: none`;
    if (!known) return null;
    const at = sequence.start + place, context = contextOf(canvas, side);
    context.imageSmoothingEnabled = frames.side[at] !== side || !Number.isInteger(frames.x[at]) || !Number.isInteger(frames.y[at]);
    context.drawImage(image, frames.x[at], frames.y[at], frames.side[at], frames.side[at], 0, 0, side, side);
    canvas.setAttribute("aria-label", `The frame at ${valueSaid(facts, sequence.values[place])}`);
    return panel < 2 ? context.getImageData(0, 0, side, side) : null;
  });
  drawDifference(pixels, side, frames.difference[row]);
}

// A canvas without a frame keeps its place, so that nothing jumps.
function showOr(canvas, known) {
  canvas.classList.toggle("empty", !known);
  canvas.setAttribute("aria-hidden", String(!known));
  if (!known) canvas.getContext("2d", { willReadFrequently: true }).clearRect(0, 0, canvas.width, canvas.height);
}

function contextOf(canvas, side) {
  if (canvas.width !== side) canvas.width = canvas.height = side;
  return canvas.getContext("2d", { willReadFrequently: true });
}

function drawDifference([before, now], side, mean) {
  const { canvas, caption, title } = framePanels[3];
  const known = Boolean(before && now);
  showOr(canvas, known);
  caption.textContent = known ? `${title}. Mean: ${mean.toFixed(2)} of 255` : `${title}: none`;
  if (!known) return;
  const context = contextOf(canvas, side), image = context.createImageData(side, side);
  for (let at = 0; at < image.data.length; at += 4) {
    for (let c = 0; c < 3; c++) image.data[at + c] = AMPLIFIED * Math.abs(now.data[at + c] - before.data[at + c]);
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("aria-label", `Difference of this frame from the one before: ${mean.toFixed(2)} grey levels of 255 in the mean`);
}

function framesSaid(protocol, place, image) {
  const { facts } = protocol, { size, side, pictures } = facts.frames, all = index.pictures.length;
  const some = pictures < all ? ` The page has room for the frames of ${pictures} of its ${all} pictures under this protocol.` : "";
  if (!image) return `No frames of this picture are on this page.${some}`;
  const kept = side < size ? `this page keeps frames at ${side} × ${side} px` : "this page keeps frames of that size";
  return `Networks see ${size} × ${size} px; ${kept}, with the losses of WebP, and shows them scaled. The mean difference is of the frames as networks see them.${some}`;
}

// The rows of the table of numbers, made for each picture; the texts change with the step.
function makeNumbers(sequence, drawn, onDraw) {
  const rows = sequence.networks.map(({ name, number, flips }) => {
    const row = element("tr"), head = element("th"), key = element("span", "key"), box = document.createElement("input");
    head.scope = "row";
    key.style.background = networkColour(number);
    head.append(key, name);
    box.type = "checkbox";
    box.checked = drawn.has(number);
    box.setAttribute("aria-label", `draw ${name}`);
    box.addEventListener("change", () => onDraw(number, box.checked));
    const cells = Array.from({ length: 4 }, () => element("td")), last = element("td");
    cells[3].textContent = String(flips.filter(Boolean).length);
    last.append(box);
    row.append(head, ...cells, last);
    return { row, cells };
  });
  byId("numbers").tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

function fillNumbers(rows, sequence, k, label) {
  sequence.networks.forEach(({ own, flips }, number) => {
    const { truth, five } = own[k], [truthCell, answerCell, probCell] = rows[number].cells;
    const right = label !== null && five.length && five[0].index === label;
    truthCell.textContent = label === null ? "no label" : four(truth);
    answerCell.textContent = (five.length ? className(five[0].index) : "none") + (right ? " ✓" : "") + (flips[k] ? " (flip)" : "");
    answerCell.className = flips[k] ? "flipped" : "";
    probCell.textContent = five.length ? four(five[0].prob) : "none";
  });
}

// A card for each drawn network with five bars.
function makeTop(sequence, drawn) {
  const cards = sequence.networks.filter(({ number }) => drawn.has(number)).map(({ name, number }) => {
    const card = element("div", "card"), title = element("h4"), list = element("ol"), key = element("span", "key");
    key.style.background = networkColour(number);
    title.append(key, name);
    const lines = Array.from({ length: KEPT }, () => {
      const line = element("li"), words = element("span", "class"), value = element("span", "value"), bar = element("span", "bar");
      line.append(words, value, bar);
      list.append(line);
      return { line, words, value, bar };
    });
    card.append(title, list);
    return { card, number, lines };
  });
  byId("top").replaceChildren(...cards.map(({ card }) => card));
  return cards;
}

function fillTop(cards, sequence, k, label, colourOf) {
  for (const { number, lines } of cards) {
    const { five } = sequence.networks[number].own[k];
    lines.forEach(({ line, words, value, bar }, place) => {
      line.hidden = place >= five.length;
      if (line.hidden) return;
      const one = five[place], right = one.index === label;
      words.textContent = className(one.index) + (right ? " ✓" : "");
      words.className = right ? "class right" : "class";
      value.textContent = four(one.prob);
      bar.style.width = `${100 * one.prob}%`;
      bar.style.background = colourOf(one.index);
    });
  }
}

// Layers of one network: rows for the table, made for each network.
function makeLayers(own) {
  const rows = own.layers.map(({ name, factor, share }) => {
    const row = element("tr"), head = element("th", "", name), similar = element("td"), bar = element("span", "bar"), value = element("span", "value");
    head.scope = "row";
    similar.append(value, bar);
    row.append(head, element("td", "", String(+factor.toFixed(2))), element("td", "", four(share)), similar);
    return { row, value, bar };
  });
  byId("layers").tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

function fillLayers(rows, own, similarity, shift) {
  const at = own.shifts.indexOf(Math.abs(shift));
  rows.forEach(({ value, bar }, layer) => {
    const stored = at < 0 ? NOTHING : similarity[layer * own.shifts.length + at];
    value.textContent = stored === NOTHING ? "none" : four(stored / SCALE).replace("-", "−");
    bar.style.width = stored === NOTHING ? "0" : `${Math.max(0, (100 * stored) / SCALE)}%`;
  });
}
