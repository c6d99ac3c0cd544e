// The live picture: one line per unit from its rank before to its rank after.
// It draws what it is given. Ranks, totals and grades come from Python and are never computed here.
// The same numbers as a table are in rank_table.js, which Python puts below this file.

const SVG = "http://www.w3.org/2000/svg";
const ALL_LABELS = 90; // with more units than this, only the labels that matter are drawn
const VIEW = 600; // the height, in pixels, that a ranking should fill without scrolling
const DATA = ["before", "after", "totals_before", "totals_after", "grades_before", "grades",
  "category_ranks", "selected", "pinned", "category", "grade", "find", "view", "sort"];
const STRUCTURE = ["units", "categories", "bands", "titles", "words"];
const RAPID = 300; // changes closer than this, in milliseconds, are drawn at once and not animated
const ANIMATED = 150; // with more units than this nothing is animated
let charts = 0;

export default { render };

function render({ model, el }) {
  const id = `simkaohe-shift-${++charts}`;
  const root = add(el, "div", { class: "skh-shift", "data-testid": "shift-chart", "data-version": 0,
    "data-lm-suppress-shortcuts": "true" }); // JupyterLab must not take keys for its own commands
  root.style.visibility = "hidden"; // until it has words
  const head = add(root, "div", { class: "skh-head" });
  const finder = add(head, "input", { class: "skh-find", type: "search", list: id, autocomplete: "off" });
  const names = add(head, "datalist", { id });
  const filter = add(head, "select", { class: "skh-category" });
  const gradeFilter = add(head, "select", { class: "skh-grade" });
  const views = add(head, "div", { class: "skh-views", role: "group" });
  const viewButtons = ["chart", "table", "both"].map((view) => {
    const button = add(views, "button", { type: "button", "data-view": view });
    button.addEventListener("click", () => { model.set("view", view); model.save_changes(); });
    return button;
  });
  const pins = add(head, "div", { class: "skh-pins", role: "group" });
  const news = add(head, "div", { class: "skh-news" }); // in one line of its own: nothing jumps
  const legend = add(news, "div", { class: "skh-legend" });
  const counts = {
    up: chip(legend, "up", "▲"), down: chip(legend, "down", "▼"), same: chip(legend, "same", "–"),
  };
  const summary = add(news, "div", { class: "skh-summary", role: "status", "aria-live": "polite" });
  const scroller = add(root, "div", { class: "skh-scroll" });
  const heading = add(scroller, "div", { class: "skh-heading" });
  const [leftTotal, leftTitle, rightTitle, rightTotal] =
    ["total", "title", "title", "total"].map((kind) => add(heading, "span", { class: `skh-${kind}` }));
  const svg = add(scroller, "svg", { role: "listbox" });
  const axes = [add(svg, "line", { class: "skh-axis" }), add(svg, "line", { class: "skh-axis" })];
  const layer = add(svg, "g", { role: "presentation" });
  const sortBy = (column) => { model.set("sort", column); model.save_changes(); };
  const table = makeTable(root, { select: (row) => select(row), pin: (row) => pin(row), sortBy });
  const tip = add(root, "div", { class: "skh-tip", role: "tooltip", hidden: "" });

  const canvas = document.createElement("canvas").getContext("2d");
  let words = {};
  let rows = [];
  let order = []; // rows as they stand in the new ranking
  let geometry = null;
  let current = null; // the row that the keyboard is on
  let hovered = null;
  let pointer = null;
  let waiting = new Set();
  let changed = 0;

  // ---- one frame for any number of changes -------------------------------------------------

  function schedule(what) {
    if (!waiting.size) requestAnimationFrame(frame);
    waiting.add(what);
  }

  function frame() {
    const what = waiting;
    waiting = new Set();
    const complete = ["before", "after"].every((k) => model.get(k).length === model.get("units").length);
    if (!complete) return; // the rest of the message is on its way
    if (what.has("structure")) build();
    if (what.has("structure") || what.has("data")) {
      const now = performance.now();
      root.classList.toggle("skh-still", now - changed < RAPID || rows.length > ANIMATED);
      changed = now;
    }
    const view = model.get("view");
    scroller.hidden = view === "table";
    table.node.hidden = view === "chart";
    if (what.has("structure") || what.has("size")) layout();
    update();
    if (view !== "chart" && (what.has("structure") || what.has("data"))) {
      table.update(order, words, model.get("bands"), model.get("sort"));
    }
    if (what.has("structure") || what.has("data")) afterPaint(() => {
      root.dataset.version = Number(root.dataset.version) + 1;
    });
  }

  // ---- nodes: made once for a set of units -------------------------------------------------

  function build() {
    words = model.get("words");
    root.lang = words.lang;
    finder.placeholder = finder.ariaLabel = words.find;
    filter.ariaLabel = words.category;
    gradeFilter.ariaLabel = words.grade;
    views.ariaLabel = words.view;
    pins.ariaLabel = words.pinned;
    viewButtons.forEach((button) => { button.textContent = words[button.dataset.view]; });
    const units = model.get("units");
    const categories = model.get("categories");
    const kinds = [...new Set(categories)].filter(Boolean);
    names.replaceChildren(...units.map((unit) => new Option("", unit)));
    filter.replaceChildren(new Option(words.all, ""), ...kinds.map((kind) => new Option(kind, kind)));
    filter.hidden = kinds.length < 2;
    const bands = model.get("bands");
    gradeFilter.replaceChildren(new Option(words.all_grades, ""), ...bands.map((b) => new Option(b, b)));
    gradeFilter.hidden = !bands.length;
    const titles = model.get("titles");
    put(leftTitle, "title", titles[0], titles[0]);
    put(rightTitle, "title", titles[1], titles[1]);
    for (const cell of [leftTotal, rightTotal]) cell.textContent = words.total;
    svg.setAttribute("aria-label", fill(words.caption, ...titles));
    [["up", "rising"], ["down", "falling"], ["same", "unchanged"]].forEach(([kind, word]) => {
      counts[kind].word.textContent = words[word];
    });
    if (rows.map((row) => row.unit).join("\n") !== units.join("\n")) {
      rows = units.map((unit, index) => makeRow(unit, index));
      layer.replaceChildren(...rows.map((row) => row.g));
      current = hovered = null;
    }
    rows.forEach((row) => { row.category = categories[row.index] ?? ""; });
    table.build(rows, words, titles);
    root.style.visibility = "";
  }

  function makeRow(unit, index) {
    const g = add(null, "svg:g", { role: "option", "data-unit": unit, tabindex: -1 });
    const row = { unit, index, g, cache: {} };
    row.line = add(g, "svg:path", { class: "skh-line" });
    for (const side of ["left", "right"]) {
      const end = add(g, "svg:g", { class: `skh-end skh-${side}` });
      const label = add(end, "svg:g", { class: "skh-label" });
      row[side] = {
        end, label, back: add(label, "svg:rect", { class: "skh-back", rx: 4 }),
        dot: add(end, "svg:circle", { class: "skh-dot" }), rank: word(label, "rank"),
        name: word(label, "name"), mark: word(label, "mark"), total: word(label, "total"),
      };
    }
    return row;
  }

  // ---- sizes: once for a width --------------------------------------------------------------

  function layout() {
    const width = scroller.clientWidth || 640;
    const n = rows.length;
    const sparse = n > ALL_LABELS;
    const pitch = sparse ? Math.max(3.6, VIEW / n) : Math.min(30, Math.max(11, VIEW / (n || 1)));
    const size = sparse ? 11 : Math.min(13.5, Math.max(9, pitch * 0.74));
    const family = getComputedStyle(root).fontFamily;
    canvas.font = `700 ${size}px ${family}`;
    const measure = (text) => canvas.measureText(text).width;
    const longest = (texts) => Math.max(0, ...texts.map(measure));
    const room = { rank: measure(String(n)), mark: measure(`▲${n}`), gap: size * 0.7 };
    // One digit to spare: a total may grow from 99.9 to 100.0 while the slider moves.
    room.total = [...model.get("totals_before"), ...model.get("totals_after")].length && width > 480
      ? longest([...model.get("totals_before"), ...model.get("totals_after")]) + size * 0.6 : 0;
    const leftRoom = width > 640 ? room.total : 0;
    room.name = Math.min(longest(model.get("units")), Math.max(56, width * 0.2));
    const inner = 12; // between an axis and its rank numbers
    const x0 = 4 + (leftRoom && leftRoom + room.gap) + room.name + room.gap + room.rank + inner;
    const x1 = width - 4 - (room.total && room.total + room.gap) - room.mark - room.gap
      - room.name - room.gap - room.rank - inner;
    const margin = Math.max(pitch / 2, size / 2) + 3;
    const height = Math.ceil(margin * 2 + pitch * Math.max(0, n - 1));
    geometry = { pitch, size, margin, x0, x1, sparse, gap: size + 3, height };
    geometry.y = (slot) => margin + slot * pitch;

    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.style.fontSize = `${size}px`;
    root.classList.toggle("skh-sparse", sparse);
    axes.forEach((axis, i) => set(axis, { x1: i ? x1 : x0, x2: i ? x1 : x0, y1: margin, y2: height - margin }));
    // Over the names; a title that is longer than they are goes on over the lines.
    const [start, end, half] = [leftRoom + 16, room.total + 16, (x1 - x0) / 2 - 8];
    leftTitle.style.cssText = titled("left", start, x0 - start, half, "right");
    rightTitle.style.cssText = titled("right", end, width - x1 - end, half, "left");
    leftTotal.style.cssText = leftRoom ? `left:0;width:${4 + leftRoom}px` : "display:none";
    rightTotal.style.cssText = room.total ? "right:4px" : "display:none";

    // Curves are drawn one pixel high and stretched by a transform, which browsers can animate.
    const middle = (x0 + x1) / 2;
    const curve = `M${x0} 0C${middle} 0 ${middle} 1 ${x1} 1`;
    const short = Math.min(pitch - 1, size + 7);
    const dot = sparse ? Math.min(1.8, pitch / 3) : Math.min(3.6, pitch / 5);
    for (const row of rows) {
      row.line.setAttribute("d", curve);
      const name = shorten(row.unit, room.name, measure);
      const left = { rank: x0 - inner, name: x0 - inner - room.rank - room.gap, total: 4 + leftRoom };
      const right = { rank: x1 + inner + room.rank, total: width - 4 };
      right.name = right.rank + room.gap;
      right.mark = right.name + room.name + room.gap;
      for (const [side, x] of [["left", left], ["right", right]]) {
        const part = row[side];
        for (const kind of ["rank", "name", "mark", "total"]) part[kind].setAttribute("x", x[kind] ?? 0);
        part.name.textContent = name;
        set(part.dot, { cx: side === "left" ? x0 : x1, r: dot });
        const from = side === "left" ? 0 : x1 + 6;
        const tall = sparse ? size + 4 : short;
        const wide = side === "left" ? x0 - 6 : width - x1 - 6;
        set(part.back, { x: from + 1, y: -tall / 2, width: wide - 2, height: tall });
        part.totalShown = side === "left" ? leftRoom > 0 : room.total > 0;
      }
      row.cache = {};
    }
  }

  // ---- values: at every move of a slider, on nodes that exist -------------------------------

  function update() {
    const [before, after, totalsBefore, totalsAfter, gradesBefore, grades, places] =
      DATA.slice(0, 7).map((k) => model.get(k));
    const chosen = model.get("selected");
    const pinned = new Set(model.get("pinned"));
    const offered = (select, name) => ([...select.options].some((o) => o.value === model.get(name))
      ? model.get(name) : "");
    const category = offered(filter, "category");
    const grade = offered(gradeFilter, "grade");
    const find = model.get("find").trim().toLowerCase();
    if (document.activeElement !== finder) finder.value = model.get("find");
    filter.value = category;
    gradeFilter.value = grade;
    for (const button of viewButtons) button.ariaPressed = button.dataset.view === model.get("view");
    showPins(pinned);

    // Ties share a rank; they stand one under another, in the order of the base scheme.
    [...rows].sort((a, b) => before[a.index] - before[b.index] || a.index - b.index)
      .forEach((row, slot) => { row.from = slot; });
    order = [...rows].sort((a, b) => after[a.index] - after[b.index] || a.from - b.from);
    order.forEach((row, slot) => { row.to = slot; });

    for (const row of rows) {
      const i = row.index;
      row.before = before[i];
      row.after = after[i];
      row.shift = before[i] - after[i];
      row.totals = [totalsBefore[i] ?? "", totalsAfter[i] ?? ""];
      row.gradeBefore = gradesBefore[i] ?? "";
      row.grade = grades[i] ?? "";
      row.place = places[i] || "";
      row.kind = row.shift > 0 ? "up" : row.shift < 0 ? "down" : "same";
      row.mark = row.shift > 0 ? `▲${row.shift}` : row.shift < 0 ? `▼${-row.shift}` : "–";
      row.faded = (category !== "" && row.category !== category) || (grade !== "" && row.grade !== grade);
      row.found = find !== "" && !row.faded && row.unit.toLowerCase().includes(find);
      row.selected = row.unit === chosen;
      row.pinned = pinned.has(row.unit);
    }
    const shown = order.filter((row) => !row.faded);
    const largest = shown.reduce((a, b) => (Math.abs(b.shift) > Math.abs(a?.shift ?? 0) ? b : a), null);
    const scale = Math.max(3, Math.abs(largest?.shift ?? 0)); // one place is never drawn as a landslide
    if (!shown.includes(current)) current = shown.find((row) => row.selected) ?? shown[0] ?? null;
    if (geometry.sparse) chooseLabels(order.filter((row) => !row.faded || row.pinned));

    root.classList.toggle("skh-finding", rows.some((row) => row.found));
    rows.forEach((row) => draw(row, Math.abs(row.shift) / scale));
    for (const kind of ["up", "down", "same"]) {
      counts[kind].number.textContent = shown.filter((row) => row.kind === kind).length;
    }
    const moved = shown.filter((row) => row.shift !== 0).length;
    const text = moved ? fill(words.moved, moved, shown.length, largest.unit, largest.mark)
      : fill(words.none_moved, shown.length);
    if (summary.textContent !== text) summary.textContent = text; // else it would be read out again
    showTip();
  }

  function draw(row, strength) {
    const { y, sparse } = geometry;
    const from = y(row.from);
    const to = y(row.to);
    const quiet = row.kind === "same";
    const keep = (node, key, name, value) => {
      if (row.cache[key] !== value) put(node, name, row.cache[key] = value);
    };
    const states = ["faded", "found", "selected", "pinned"].filter((state) => row[state]).map((s) => `skh-${s}`);
    if (row === hovered) states.push("skh-hovered");
    if (strength > 0.6) states.push("skh-big");
    keep(row.g, "class", "class", ["skh-row", `skh-${row.kind}`, ...states].join(" "));
    keep(row.g, "after", "data-after", row.after);
    keep(row.g, "place", "aria-posinset", row.to + 1);
    keep(row.g, "count", "aria-setsize", rows.length);
    keep(row.g, "selected", "aria-selected", row.selected);
    keep(row.g, "tab", "tabindex", row === current ? 0 : -1);
    keep(row.g, "spoken", "aria-label", spoken(row));
    // A stretch of exactly nothing would hide the line.
    keep(row.line, "line", "style:transform", `translateY(${from}px) scaleY(${to - from || 0.01})`);
    keep(row.line, "width", "stroke-width", quiet ? 1 : (sparse ? 0.9 : 1.4) + 2 * strength);
    keep(row.line, "opacity", "stroke-opacity", quiet ? 0.4 : 0.3 + 0.65 * strength);
    for (const [side, at, rank, total] of [
      ["left", from, row.before, row.totals[0]], ["right", to, row.after, row.totals[1]],
    ]) {
      const part = row[side];
      keep(part.end, `${side} y`, "style:transform", `translateY(${at}px)`);
      keep(part.rank, `${side} rank`, "text", String(rank));
      keep(part.total, `${side} total`, "text", part.totalShown ? total : "");
      keep(part.label, `${side} shown`, "style:display", sparse && !row[`${side}Label`] ? "none" : "");
    }
    keep(row.right.mark, "mark", "text", row.mark);
  }

  // Labels that fit: first the units a reader asked for, then those that moved most, then every
  // fifth or tenth place so that the axis can be read. A label that would touch another is left out.
  function chooseLabels(shown) {
    const { pitch, gap, y } = geometry;
    const step = pitch * 5 > gap * 2 ? 5 : 10;
    for (const [side, slot] of [["left", "from"], ["right", "to"]]) {
      const asked = (row) => (row === hovered ? 4 : row === current && focused() ? 3
        : row.selected ? 2 : row.pinned ? 1.5 : row.found ? 1 : 0);
      const tick = (row) => row[slot] === 0 || (row[slot] + 1) % step === 0;
      const taken = [];
      rows.forEach((row) => { row[`${side}Label`] = false; });
      shown.filter((row) => asked(row) || row.shift || tick(row))
        .sort((a, b) => asked(b) - asked(a) || Math.abs(b.shift) - Math.abs(a.shift) || a[slot] - b[slot])
        .forEach((row) => {
          if (taken.some((at) => Math.abs(at - y(row[slot])) < gap)) return;
          taken.push(y(row[slot]));
          row[`${side}Label`] = true;
        });
    }
  }

  const moveInWords = (row) => (row.shift === 0 ? words.unchanged
    : fill(row.shift > 0 ? words.up : words.down, Math.abs(row.shift)));
  const spoken = (row) => fill(words.place, row.unit, row.after, moveInWords(row));
  const focused = () => svg.contains(document.activeElement);

  // ---- reading one unit ----------------------------------------------------------------------

  function showTip() {
    const row = hovered ?? (focused() && svg.querySelector(":focus-visible") ? current : null);
    tip.hidden = !row;
    if (!row) return;
    const facts = [
      [words.total, row.totals[1] && `${row.totals[0]} → ${row.totals[1]}`],
      [words.rank, `${row.before} → ${row.after}`],
      [words.shift, `${row.mark}${row.shift ? ` ${moveInWords(row)}` : ""}`, row.kind],
      [words.category_rank, row.place],
      [words.grade, row.gradeBefore && row.gradeBefore !== row.grade
        ? `${row.gradeBefore} → ${row.grade}` : row.grade],
    ];
    tip.replaceChildren();
    add(tip, "strong").textContent = row.unit;
    if (row.category) add(tip, "span", { class: "skh-kind" }).textContent = row.category;
    const list = add(tip, "dl");
    for (const [term, fact, kind] of facts.filter(([, fact]) => fact)) {
      add(list, "dt").textContent = term;
      add(list, "dd", kind && { class: `skh-${kind}` }).textContent = fact;
    }
    const frameBox = root.getBoundingClientRect();
    const svgBox = svg.getBoundingClientRect();
    const at = hovered ? pointer : { x: svgBox.left + geometry.x1 - 8, y: svgBox.top + geometry.y(row.to) };
    const x = at.x - frameBox.left;
    const y = at.y - frameBox.top;
    const left = x + 16 + tip.offsetWidth > frameBox.width ? x - 16 - tip.offsetWidth : x + 16;
    const top = y + 14 + tip.offsetHeight > frameBox.height ? y - 14 - tip.offsetHeight : y + 14;
    tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  }

  // The row under the pointer, found by arithmetic: lines 4 px apart are too thin to hit.
  function rowAt(event) {
    if (!geometry) return null;
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { x0, x1, pitch, size, sparse } = geometry;
    const side = x < x0 - 6 ? "left" : x > x1 + 6 ? "right" : "";
    let [low, high] = [0, 1];
    for (let i = 0; i < 20; i++) { // where on the curve is this x?
      const t = (low + high) / 2;
      if (x0 + (x1 - x0) * (1.5 * t * (1 - t) + t ** 3) < x) low = t; else high = t;
    }
    const along = side === "left" ? 0 : side === "right" ? 1 : low * low * (3 - 2 * low);
    let best = null;
    let least = side ? Math.max(pitch, size) / 2 + 2 : 8;
    for (const row of rows) {
      if (row.faded) continue;
      const at = geometry.y(row.from) + (row.to - row.from) * pitch * along;
      // A label that is drawn wins over the places it covers.
      const covered = sparse && side && row[`${side}Label`] && Math.abs(at - y) < size / 2;
      const distance = covered ? 0 : Math.abs(at - y);
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  function select(row) {
    model.set("selected", row ? row.unit : "");
    model.save_changes();
  }

  function pin(row) {
    if (!row) return;
    const pinned = model.get("pinned");
    model.set("pinned", row.pinned ? pinned.filter((unit) => unit !== row.unit) : [...pinned, row.unit]);
    model.save_changes();
  }

  // The chosen unit can be pinned here, and what is pinned can be let go.
  function showPins(pinned) {
    const chosen = model.get("selected");
    const offered = [...pinned, ...(chosen && !pinned.has(chosen) ? [chosen] : [])];
    const key = JSON.stringify([offered, pinned.size, words.pin_unit, words.unpin]);
    if (pins.dataset.key === key) return;
    const held = pins.contains(document.activeElement) ? document.activeElement.dataset.pin : null;
    pins.dataset.key = key;
    pins.hidden = !offered.length;
    pins.replaceChildren(...offered.map((unit) => {
      const button = add(null, "button", { type: "button", "data-pin": unit, "aria-pressed": pinned.has(unit) });
      button.textContent = `${pinned.has(unit) ? "◆" : "◇"} ${unit}`;
      button.title = button.ariaLabel = fill(pinned.has(unit) ? words.unpin : words.pin_unit, unit);
      button.addEventListener("click", () => pin(rows.find((row) => row.unit === unit)));
      return button;
    }));
    [...pins.children].find((button) => button.dataset.pin === held)?.focus();
  }

  function goTo(row) {
    if (!row) return;
    current = row;
    row.g.setAttribute("tabindex", 0);
    row.g.focus({ preventScroll: true });
    reveal(row);
    schedule("pointer");
  }

  function reveal(row) {
    const at = geometry.y(row.to);
    const top = heading.offsetHeight;
    const view = scroller.clientHeight - top;
    if (at - 20 < scroller.scrollTop) scroller.scrollTop = at - 20;
    else if (at + 20 > scroller.scrollTop + view) scroller.scrollTop = at + 20 - view;
  }

  svg.addEventListener("pointermove", (event) => {
    pointer = { x: event.clientX, y: event.clientY };
    const row = rowAt(event);
    if (row === hovered && !row) return;
    hovered = row;
    schedule("pointer");
  });
  svg.addEventListener("pointerleave", () => { hovered = null; schedule("pointer"); });
  svg.addEventListener("mousedown", (event) => event.preventDefault()); // the click sets the focus
  svg.addEventListener("click", (event) => {
    const row = rowAt(event);
    select(row);
    if (row) goTo(row);
  });
  svg.addEventListener("focusin", () => schedule("pointer"));
  svg.addEventListener("focusout", () => schedule("pointer"));
  svg.addEventListener("keydown", (event) => {
    const shown = order.filter((row) => !row.faded);
    const at = shown.indexOf(current);
    const last = shown.length - 1;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: last };
    if (event.key in steps) {
      hovered = null;
      goTo(shown[Math.max(0, Math.min(last, steps[event.key]))]);
    } else if (event.key === "Enter" || event.key === " ") select(current);
    else if (event.key === "p" || event.key === "P") pin(current);
    else if (event.key === "Escape") select(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  finder.addEventListener("input", () => { model.set("find", finder.value); model.save_changes(); });
  finder.addEventListener("keydown", (event) => {
    const find = finder.value.trim().toLowerCase();
    if (event.key === "Enter" && find) {
      const hits = order.filter((row) => !row.faded && row.unit.toLowerCase().includes(find));
      const hit = hits.find((row) => row.unit.toLowerCase() === find) ?? hits[0];
      if (hit) { select(hit); current = hit; reveal(hit); }
    } else if (event.key === "Escape") {
      finder.value = "";
      model.set("find", "");
      model.save_changes();
    }
    event.stopPropagation();
  });
  for (const [select, name] of [[filter, "category"], [gradeFilter, "grade"]]) {
    select.addEventListener("change", () => { model.set(name, select.value); model.save_changes(); });
  }

  // ---- life ----------------------------------------------------------------------------------

  const onData = () => schedule("data");
  const onStructure = () => schedule("structure");
  DATA.forEach((name) => model.on(`change:${name}`, onData));
  STRUCTURE.forEach((name) => model.on(`change:${name}`, onStructure));
  const sizes = new ResizeObserver(() => {
    if (scroller.clientWidth && scroller.clientWidth !== Number(svg.getAttribute("width"))) schedule("size");
  });
  sizes.observe(scroller);
  schedule("structure");
  return () => {
    sizes.disconnect();
    DATA.forEach((name) => model.off(`change:${name}`, onData));
    STRUCTURE.forEach((name) => model.off(`change:${name}`, onStructure));
  };
}

// ---- small tools ---------------------------------------------------------------------------

function add(parent, name, attributes) {
  const inSvg = name.startsWith("svg") || parent?.namespaceURI === SVG;
  const node = inSvg ? document.createElementNS(SVG, name.replace("svg:", "")) : document.createElement(name);
  set(node, attributes ?? {});
  parent?.append(node);
  return node;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

function put(node, name, value, text) {
  if (name === "text") node.textContent = value;
  else if (name.startsWith("style:")) node.style[name.slice(6)] = value;
  else node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
}

function word(parent, kind) {
  return add(parent, "svg:text", { class: `skh-${kind}` });
}

function chip(parent, kind, mark) {
  const node = add(parent, "span", { class: `skh-chip skh-${kind}` });
  add(node, "span", { "aria-hidden": "true" }).textContent = mark;
  return { word: add(node, "span"), number: add(node, "b") };
}

function fill(template, ...values) {
  return template.replace(/\{(\d)\}/g, (_, i) => values[i]);
}

function titled(side, from, least, more, align) {
  return `${side}:${from}px;min-width:${least}px;max-width:${least + more}px;text-align:${align}`;
}

function shorten(text, room, measure) {
  if (measure(text) <= room + 0.5) return text;
  let end = text.length;
  while (end > 1 && measure(`${text.slice(0, end)}…`) > room) end--;
  return `${text.slice(0, end)}…`;
}

// A message posted in a frame arrives when that frame has been painted.
function afterPaint(done) {
  const channel = new MessageChannel();
  channel.port1.onmessage = done;
  channel.port2.postMessage(null);
}
