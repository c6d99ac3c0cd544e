// Stands in every page that tests/walking.py walks over, before the page's own scripts: it hears the
// messages to and from the kernel, and says what a user would see.
(() => {
  const waiting = new Set(); // messages that the kernel has not dealt with
  const faults = []; // what went wrong in the kernel, also where the page shows nothing of it
  const decoder = new TextDecoder();
  const read = (data) => (typeof data === "string" ? data : decoder.decode(data));
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const text = read(data);
        if (/"execution_state": ?"idle"/.test(text)) {
          for (const [, id] of text.matchAll(/"msg_id": ?"([^"]+)"/g)) waiting.delete(id);
        }
        if (/Traceback|"msg_type": ?"error"/.test(text)) faults.push(text.replace(/\\u001b\[[\d;]*m/g, "").slice(-600));
      });
    }

    send(data) {
      const text = read(data);
      const id = /"msg_id": ?"([^"]+)"/.exec(text)?.[1];
      if (id && /"msg_type": ?"(comm_msg|execute_request)"/.test(text)) waiting.add(id);
      super.send(data);
    }
  };
  const frame = () => new Promise((done) => { requestAnimationFrame(done); });

  // What was asked for has been done and painted.
  async function settled() {
    for (let quiet = 0; quiet < 2; quiet = waiting.size ? 0 : quiet + 1) await frame();
  }

  const ROOT = ".jp-OutputArea-output";
  const KINDS = { // the first that fits
    handle: ".noUi-handle, [role=slider]",
    readout: ".widget-readout[contenteditable=true]",
    number: "input[type=number]",
    check: "input[type=checkbox]",
    file: "input[type=file]",
    text: "input, textarea",
    select: "select",
    tab: "[role=tab], .jupyter-widget-Collapse-header, summary",
    list: "[role=listbox]",
    option: ".widget-toggle-buttons button, .skh-views button, [role=radio]",
    toggle: "button.widget-toggle-button",
    button: "button",
    link: "a[download]",
  };
  const CONTROLS = Object.values(KINDS).join();
  const visible = (node) => node.checkVisibility({ visibilityProperty: true });
  const shown = (node) => visible(node.type === "file" ? node.closest("label") ?? node : node);
  const clean = (text) => (text || "").replace(/[\s\u200b]+/g, " ").trim();
  const readable = (node) => clean(node.ariaLabel || node.dataset.label || clean([...(node.labels ?? [])].map((l) => l.textContent).join(" "))
    || node.type === "checkbox" && node.closest(".jupyter-widgets")?.textContent
    || (node.title !== "null" && node.title) || node.placeholder || node.textContent);
  // Stands for a long text or a picture: a test compares them, and need not be sent them.
  const digest = (text) => {
    let sum = text.length;
    for (let at = 0; at < text.length; at += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0;
    return sum;
  };
  const nearby = (node) => clean(["jupyter-widgets", "widget-hbox"]
    .map((near) => clean(node.closest(`.${near}`)?.querySelector(".widget-label")?.textContent)).find(Boolean));
  // Rows of a drawer are made alike from edit paths: those that have the same kinds of controls are one.
  const sort = (row, kinds) => [...row.querySelectorAll(CONTROLS)].map((node) => kinds(node)).join();
  const FINDINGS = 5; // of a list of dozens; the fifth stands for those after it
  let numbers = 0;

  function controls() {
    const found = [...new Set([...document.querySelectorAll(ROOT)].flatMap((root) => [...root.querySelectorAll(CONTROLS)]))];
    const same = {};
    const kindOf = (node) => Object.keys(KINDS).find((name) => node.matches(KINDS[name]));
    const first = new Map();
    const standsForItself = (node) => {
      const row = node.closest(".skh-entry");
      if (!row) return true;
      const like = `${[...document.querySelectorAll(".skh-drawer")].indexOf(node.closest(".skh-drawer"))} ${sort(row, kindOf)}`;
      if (!first.has(like)) first.set(like, row);
      return first.get(like) === row;
    };
    return found.filter(shown).filter(standsForItself).map((node) => {
      const kind = kindOf(node);
      // Rows of a table, and what is pinned, are many of one control: the first one stands for all.
      const cell = node.closest("td, .skh-pins");
      const own = node.download || clean(node.ariaLabel) || (["button", "toggle", "option", "link", "tab"].includes(kind) && readable(node));
      const said = cell ? `in a row: ${cell.cellIndex ?? "pin"}` : own || nearby(node) || readable(node);
      const isFinding = kind === "button" && /[。.]$/.test(said); // it changes with its numbers
      const name = isFinding ? "a finding" : said;
      const place = cell ? 0 : same[kind + name] = Math.min((same[kind + name] ?? -1) + 1, isFinding ? FINDINGS - 1 : Infinity);
      node.dataset.walk ??= ++numbers;
      const row = node.closest(".widget-hbox") ?? node;
      row.dataset.walkRow ??= ++numbers;
      const off = node.disabled || node.closest("[disabled], [aria-disabled=true], .noUi-target[disabled]");
      return {
        drawer: node.matches(".skh-drawer-head"), entry: Boolean(node.closest(".skh-entry")),
        id: node.dataset.walk, row: row.dataset.walkRow, kind, name, key: `${kind} “${name}”${place ? ` (${place + 1})` : ""}`,
        off: Boolean(off), reading: Boolean(node.closest(".skh-shift")), accept: node.accept ?? "",
        state: [node.value, node.checked, node.ariaPressed, node.ariaSelected, node.ariaSort, node.ariaValueNow,
          node.getAttribute("aria-valuetext"), node.className.includes?.("mod-active"), Boolean(off), node.href].join("|"),
        value: node.ariaValueNow ?? node.value ?? node.textContent, on: node.ariaPressed === "true" || node.ariaSelected === "true"
          || node.ariaChecked === "true" || /mod-active|mod-current|Collapse-open/.test(node.className),
        least: node.ariaValueMin ?? node.min ?? "", most: node.ariaValueMax ?? node.max ?? "",
        whole: node.step === "1" || kind === "readout",
        options: node.tagName === "SELECT" ? [...node.options].map((o) => clean(o.text)) : [],
        chosen: node.selectedIndex ?? -1, listed: [...(node.list?.options ?? [])].map((o) => o.value),
      };
    });
  }

  function ranking() {
    const chart = [...document.querySelectorAll("[data-testid=shift-chart]")].find(visible);
    if (!chart) return null;
    const rows = {};
    for (const row of chart.querySelectorAll("svg [data-unit]")) {
      const say = (part) => row.querySelector(part).textContent;
      rows[row.dataset.unit] = [Number(row.dataset.after), say(".skh-left .skh-rank"), say(".skh-right .skh-rank"), say(".skh-right .skh-total")];
    }
    const at = chart.querySelector("[data-sort=rank]").closest("th").cellIndex;
    const table = [...chart.querySelectorAll("tr[data-row]")].filter(visible).map((tr) => [tr.dataset.row, tr.cells[at].textContent]);
    return { rows, table, titles: [...chart.querySelectorAll(".skh-heading .skh-title")].map((t) => clean(t.title || t.textContent)) };
  }

  function look() {
    const roots = [...document.querySelectorAll(ROOT)].filter((root) => !root.parentElement.closest(ROOT));
    const readouts = [...document.querySelectorAll(".widget-readout")]; // repeat what a handle says
    readouts.forEach((node) => { node.style.visibility = "hidden"; });
    const text = roots.map((root) => root.innerText).join("\n");
    readouts.forEach((node) => { node.style.visibility = ""; });
    const alerts = [...document.querySelectorAll("[role=alert]")].filter(visible).map((node) => clean(node.innerText)).filter(Boolean);
    const pictures = [...document.querySelectorAll(`${ROOT} img`)].filter(visible).map((image) => image.src);
    const rows = [...document.querySelectorAll("svg [data-unit]")].map((row) => `${row.classList}${row.ariaSelected}`);
    return {
      controls: controls(), ranking: ranking(), alerts, faults, failed: text.includes("Traceback"),
      text: digest(text), pictures: digest(pictures.join()), rows: digest(rows.join()),
    };
  }

  // The scenario file that a user takes along now, also from a tab that is hidden; null where the page offers none.
  async function taken() {
    for (let tries = 0; tries < 30; tries += 1) { // the page may be laid out anew meanwhile
      const file = await asked();
      if (file !== undefined) return file;
      await new Promise((done) => { setTimeout(done, 100); });
      await settled();
    }
    throw new Error("the page offers a scenario file and does not make it");
  }

  async function asked() {
    const inSightFirst = (nodes) => [...nodes].sort((one, other) => visible(other) - visible(one));
    const kind = inSightFirst(document.querySelectorAll(`${ROOT} select`))
      .find((select) => [...select.options].some((option) => option.text.includes("YAML")));
    if (!kind) return null;
    const wanted = [...kind.options].findIndex((option) => option.text.includes("YAML"));
    if (kind.selectedIndex !== wanted) {
      kind.selectedIndex = wanted;
      kind.dispatchEvent(new Event("change", { bubbles: true }));
      await settled();
    }
    const inSight = visible(kind);
    const after = (node) => kind.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING && (!inSight || visible(node));
    [...document.querySelectorAll(`${ROOT} button`)].find(after)?.click();
    await settled();
    const link = [...document.querySelectorAll("a[download$='.yaml']")].find(after);
    if (!kind.isConnected || !link) return undefined;
    return decoder.decode(Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0)));
  }

  const nameless = () => [...document.querySelectorAll(`${ROOT} :is(button, select, input:not([type=file]), [role=slider])`)]
    .filter(visible).filter((node) => !readable(node)).map((node) => node.outerHTML.slice(0, 120));

  window.walking = {
    settled, nameless, async look(takes) {
      await settled();
      const file = takes ? await taken() : null;
      return JSON.stringify({ ...look(), file });
    },
  };
})();
