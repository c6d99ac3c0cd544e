
// ---- the ranking as a table ------------------------------------------------------------------
// Sorting is a way of showing; the numbers are those that the picture is given.

const TABLE = [ // key, class, what is shown, what is sorted by, whether the largest comes first
  ["pin", "skh-text", (row) => (row.pinned ? "◆" : "◇"), (row) => (row.pinned ? 0 : 1)],
  ["rank", "skh-number", (row) => row.after, (row) => row.to],
  ["shift", "skh-number", (row) => row.mark, (row) => row.shift, true],
  ["unit", "skh-text", (row) => row.unit, (row) => row.unit],
  ["category", "skh-text", (row) => row.category, (row) => row.category],
  ["category_rank", "skh-number", (row) => row.place, (row) => row.place || Infinity],
  ["total", "skh-number skh-bar", (row) => row.totals[1], (row) => Number(row.totals[1]), true],
  ["grade", "skh-text", (row) => row.grade, (row, bands) => bands.indexOf(row.grade)],
  ["rank_before", "skh-number", (row) => row.before, (row) => row.from],
  ["total_before", "skh-number", (row) => row.totals[0], (row) => Number(row.totals[0]), true],
  ["grade_before", "skh-text", (row) => row.gradeBefore, (row, bands) => bands.indexOf(row.gradeBefore)],
];

function makeTable(root, { select, pin, sortBy }) {
  const node = add(root, "div", { class: "skh-table", hidden: "" });
  const table = add(node, "table");
  const head = add(add(table, "thead"), "tr");
  const body = add(table, "tbody");
  let sorted = ""; // a column's key, with a minus when it is turned round
  let shown = [];
  let current = null;
  const headings = TABLE.map(([key, kind]) => {
    const cell = add(head, "th", { scope: "col", class: kind.replace(" skh-bar", "") });
    const button = add(cell, "button", { type: "button", "data-sort": key });
    button.addEventListener("click", () => {
      sortBy(sorted === key ? `-${key}` : key);
    });
    return { key, cell, button };
  });

  function build(rows, words, titles) {
    if (rows.some((row) => !row.tr || row.tr.parentNode !== body) || body.children.length !== rows.length) {
      rows.forEach((row) => {
        row.tr = add(null, "tr", { "data-row": row.unit, tabindex: -1 });
        row.cells = TABLE.map(([key, kind]) => {
          const cell = add(row.tr, "td", { class: kind });
          if (key !== "pin") return { cell, text: cell };
          const button = add(cell, "button", { type: "button", tabindex: -1 });
          button.addEventListener("click", (event) => { event.stopPropagation(); pin(row); });
          return { cell, text: button };
        });
        row.tr.addEventListener("click", () => { select(row); focus(row); });
      });
      body.replaceChildren(...rows.map((row) => row.tr));
      current = null;
    }
    table.ariaLabel = fill(words.table_caption, ...titles);
    for (const { key, button } of headings) button.dataset.label = words[key];
  }

  function update(order, words, bands, sort) {
    sorted = sort;
    const column = TABLE.find(([key]) => key === sort.replace("-", "")) ?? TABLE[1];
    const [sortKey, , , value, largestFirst] = column;
    const turned = Boolean(largestFirst) !== sort.startsWith("-") ? -1 : 1;
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, words.lang) : a - b);
    shown = order.filter((row) => !row.faded || row.pinned);
    shown = [...shown].sort((a, b) => turned * compare(value(a, bands), value(b, bands)) || a.to - b.to);
    for (const { key, cell, button } of headings) {
      const direction = key !== sortKey ? "none" : turned > 0 ? "ascending" : "descending";
      cell.setAttribute("aria-sort", direction);
      button.textContent = button.dataset.label
        + { none: "", ascending: " ↑", descending: " ↓" }[direction];
    }
    if (!shown.includes(current)) current = shown.find((row) => row.selected) ?? shown[0] ?? null;
    const most = Math.max(...order.map((row) => Number(row.totals[1]) || 0));
    for (const row of order) {
      row.tr.hidden = row.faded && !row.pinned;
      row.tr.tabIndex = row === current ? 0 : -1;
      row.tr.className = [row.found && "skh-found", row.pinned && "skh-pinned"].filter(Boolean).join(" ");
      row.tr.setAttribute("aria-selected", row.selected);
      TABLE.forEach(([key, , content], k) => {
        const { cell, text } = row.cells[k];
        const shownText = String(content(row));
        if (text.textContent !== shownText) {
          text.textContent = shownText;
          if (key === "unit" || key === "category") text.title = shownText; // where it is cut short
        }
        if (key === "total") cell.style.setProperty("--bar", `${(100 * row.totals[1]) / most || 0}%`);
        else if (key === "shift") cell.className = `skh-number skh-${row.kind}`;
        else if (key === "pin") text.ariaLabel = fill(row.pinned ? words.unpin : words.pin_unit, row.unit);
      });
    }
    const now = [...body.children].filter((tr) => !tr.hidden);
    if (shown.some((row, k) => row.tr !== now[k])) {
      const held = body.contains(document.activeElement) ? document.activeElement : null;
      body.append(...shown.map((row) => row.tr));
      held?.focus({ preventScroll: true });
    }
  }

  function focus(row) {
    if (!row) return;
    if (current) current.tr.tabIndex = -1;
    current = row;
    row.tr.tabIndex = 0;
    row.tr.focus({ preventScroll: true });
    row.tr.scrollIntoView({ block: "nearest" });
  }

  body.addEventListener("keydown", (event) => {
    const at = shown.indexOf(current);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 };
    if (event.key in steps) focus(shown[Math.max(0, Math.min(shown.length - 1, steps[event.key]))]);
    else if (event.key === "Enter" || event.key === " ") select(current);
    else if (event.key === "p" || event.key === "P") pin(current);
    else if (event.key === "Escape") select(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return { node, build, update };
}
