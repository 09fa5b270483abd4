"use strict";
// What all pages do: filter, sort, CSV, drill-down, links, theme and print. Money is added as whole pico-units (BigInt);
// numbers are used to draw and for nothing else. Every text is set as text, never as HTML.
// A page's own script follows and calls `Tally.begin` with what it does beyond this.
const Tally = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("page-data").textContent);
  const root = document.documentElement;

  // ---- exact amounts
  const PICO = 12;
  const NUMBER = /^[+-]?\d+(\.\d{1,12})?$/;
  function pico(digits) {
    const [whole, part = ""] = digits.replace(/^[+-]/, "").split(".");
    const size = BigInt(whole + part.padEnd(PICO, "0"));
    return digits.startsWith("-") ? -size : size;
  }
  function rounded(amount, places) { // from the middle away from zero
    const step = 10n ** BigInt(PICO - places), size = amount < 0n ? -amount : amount;
    const steps = (2n * size + step) / (2n * step);
    return (amount < 0n ? -steps : steps) * step;
  }
  function digits(amount, places) {
    const size = (amount < 0n ? -amount : amount).toString().padStart(PICO + 1, "0");
    const part = size.slice(-PICO).slice(0, places);
    return (amount < 0n ? "-" : "") + size.slice(0, -PICO) + (places ? "." + part : "");
  }
  const plain = (amount) => digits(amount, PICO).replace(/\.?0+$/, "");
  function grouped(amount, places) {
    const [whole, part] = digits(amount, places).split(".");
    return whole.replace("-", "\u2212").replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  }
  const signed = (amount, places) => (amount > 0n ? "+" : "") + grouped(amount, places);
  const tone = (amount) => (amount > 0n ? "over" : amount < 0n ? "under" : "zero");
  const count = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

  // ---- the filter, kept in the hash so that a link restores it
  const ALL_SHOWN = "Everything is shown. A filter also goes into the address, so that a link restores it.";
  const form = byId("filter");
  const fields = form ? all("[name]", form) : [];
  const chosen = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const isFiltered = (filter = chosen()) => Object.values(filter).some(Boolean);
  let at = ""; // the place that the link leads to
  let others = {}; // what a page beside this one was filtered by, kept for the way back

  /** What a page beside this one was filtered by and this one can't be. */
  function elsewhere() {
    const names = Object.entries(others).filter(([name, value]) => value && !fields.some((field) => field.name === name));
    return names.length ? ` This page has no filter for ${names.map(([name, value]) => `${name} ${value}`).join(", ")}.` : "";
  }
  /** Every choice of a field: its value and its key. */
  const choices = (field) => [...form.elements[field].options].slice(1)
    .map((option) => ({ value: option.value, key: option.dataset.key }));

  function readHash() {
    const text = location.hash.slice(1), told = new URLSearchParams(text.includes("=") ? text : "");
    if (text && !text.includes("=")) return show(text);
    others = Object.fromEntries(told);
    delete others.at;
    for (const field of fields) {
      const value = told.get(field.name) ?? "", isDay = field.type === "date";
      const isKnown = isDay ? value >= field.min && value <= field.max : choices(field.name).some((each) => each.value === value);
      field.value = isKnown ? value : "";
    }
    apply();
    carry();
    if (told.get("at")) show(told.get("at"));
  }
  const hashOf = (told) => new URLSearchParams(Object.entries(told).filter(([, value]) => value)).toString();
  function writeHash() {
    others = { ...others, ...chosen() };
    history.replaceState(null, "", "#" + hashOf({ ...others, at }));
    carry();
  }
  function carry() { // the pages beside this one open under the same filter
    for (const link of all("nav.pages a, a.page")) {
      const [file, hash = ""] = link.getAttribute("href").split("#");
      const own = link.dataset.hash ?? hash, told = new URLSearchParams(own);
      link.dataset.hash = own;
      const text = hashOf({ ...others, ...Object.fromEntries(told) });
      link.setAttribute("href", file + (text ? "#" + text : ""));
    }
  }
  function show(id) {
    const place = byId(id);
    if (!place) return;
    at = id;
    for (let outer = place; outer; outer = outer.parentElement?.closest("details")) if (outer.matches("details")) outer.open = true;
    place.scrollIntoView();
    (place.querySelector("summary") ?? place).focus({ preventScroll: true });
  }

  // ---- what a page may do in its own way
  const page = {
    /** Per field, the set of keys that the filter allows; a field that is not named allows all. */
    allowed: (filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value)
      .map(([field, value]) => [field, new Set([keyOf(field, value)])])),
    /** What the line below the filter says. */
    summary: () => "",
    /** Figures of tables and tiles that change with the filter. */
    fill: () => {},
    /** Per kind of chart: (figure, unit, allowed, filter) => [traces, layout, number of points]. */
    charts: {},
  };
  function keyOf(field, value) {
    return form.elements[field].type === "date" ? value : choices(field).find((each) => each.value === value).key;
  }
  /** Whether a row, or anything with `data-for-<field>`, is shown. */
  function isShown(element, allowed) {
    return Object.entries(allowed).every(([field, keys]) => {
      const own = element.getAttribute("data-for-" + field);
      return own === null || own.split(" ").some((key) => keys.has(key));
    });
  }
  function apply() {
    const filter = chosen(), allowed = page.allowed(filter);
    for (const row of all(".row, details.group, .filtered")) row.hidden = !isShown(row, allowed);
    page.fill(allowed, filter);
    for (const group of all("details.group:not([hidden])")) group.hidden = all(".row:not([hidden])", group).length === 0
      && all(".row", group).length > 0;
    for (const below of all(".below")) {
      const rows = all(".row", below.previousElementSibling);
      below.querySelector(".empty").hidden = rows.some((row) => !row.hidden);
    }
    if (form) {
      byId("status").textContent = (isFiltered(filter) ? page.summary(allowed, filter) : ALL_SHOWN) + elsewhere();
      byId("status").classList.toggle("hint", !isFiltered(filter));
    }
    drawAll(allowed, filter);
  }
  function fill(cell, text, exact) {
    cell.textContent = text;
    cell.title = cell.dataset.exact = exact;
  }

  // ---- charts: Plotly's figures, given the colours of the theme and the points that the filter allows
  const figures = new Map(all(".plot").map((plot) => [plot, JSON.parse(byId(plot.id + "-figure").textContent)]));
  const descriptions = new Map([...figures.keys()].map((plot) => [plot, plot.getAttribute("aria-label")]));
  const NOTHING = { text: "Nothing to draw under this filter", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false };
  const PAPER = 690; // pixels between the margins of A4
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();

  function draw(plot, allowed, filter) {
    const { kind, unit } = plot.dataset;
    const [traces, own, points] = page.charts[kind](figures.get(plot), unit, allowed, filter);
    const layout = { ...own }, text = colour("text"), muted = colour("muted"), grid = colour("grid"), card = colour("card");
    const lines = { gridcolor: grid, linecolor: grid, zerolinecolor: colour("strong-line"), zerolinewidth: 1 };
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
      layout[name] = { ...layout[name], ...lines, tickfont: { color: muted, size: 12 } };
    }
    const annotations = points ? layout.annotations ?? [] : [{ ...NOTHING, font: { color: muted } }];
    Object.assign(layout, {
      paper_bgcolor: card, plot_bgcolor: card, font: { family: colour("font"), color: text, size: 12.5 },
      hoverlabel: { bgcolor: card, bordercolor: colour("strong-line"), font: { color: text, family: colour("font") } },
      legend: { ...layout.legend, font: { color: text } },
      annotations: annotations.map((each) => ({ ...each, font: { color: text, size: 12.5, ...each.font } })),
    });
    if (isPrinting) Object.assign(layout, { width: Math.min(PAPER, layout.width ?? PAPER), autosize: false });
    plot.style.minHeight = layout.height + "px";
    const whole = descriptions.get(plot);
    plot.setAttribute("aria-label", isFiltered(filter) ? `A part of: ${whole} Its figures are in the table below.` : whole);
    Plotly.react(plot, traces, layout, { displayModeBar: false, responsive: true });
  }
  function drawAll(allowed = page.allowed(chosen()), filter = chosen()) {
    for (const plot of figures.keys()) draw(plot, allowed, filter);
  }

  // ---- tables: sort, CSV, drill-down
  const firstRow = (row) => row.rows?.[0] ?? row; // a request is a table body of two rows
  const value = (row, index) => {
    const { sort: order, exact } = firstRow(row).cells[index].dataset;
    return order ?? exact;
  };
  function compare(left, right, way) { // what is unknown comes last, whichever way
    if (!left || !right) return (left ? 0 : 1) - (right ? 0 : 1);
    if (NUMBER.test(left) && NUMBER.test(right)) {
      const [a, b] = [pico(left), pico(right)];
      return (a < b ? -1 : a > b ? 1 : 0) * way;
    }
    return left.localeCompare(right, "en") * way;
  }
  function sort(heading) {
    const table = heading.closest("table"), index = heading.cellIndex;
    const way = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    const rows = all(".row", table);
    rows.sort((left, right) => compare(value(left, index), value(right, index), way));
    rows.forEach((row) => row.parentElement.append(row));
  }
  function csvCell(text) {
    const isFormula = /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text);
    return '"' + ((isFormula ? "'" : "") + text).replaceAll('"', '""') + '"';
  }
  function download(id) {
    const table = byId(id), headings = all("thead th", table).map((heading) => heading.textContent.trim());
    const rows = all(".row:not([hidden])", table).map((row) => [...firstRow(row).cells].map((cell) => cell.dataset.exact));
    const text = [headings, ...rows].map((cells) => cells.map(csvCell).join(",") + "\r\n").join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = `tallystick-${id}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function toggle(button) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    byId(button.getAttribute("aria-controls")).hidden = isOpen;
  }

  // ---- theme: the system's, unless one is chosen
  let isPrinting = false;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const theme = byId("theme");
  const stored = { // a page opened from a file may have no storage
    get() { try { return localStorage.getItem("tallystick-theme"); } catch { return null; } },
    set(name) { try { localStorage.setItem("tallystick-theme", name); } catch { /* then it holds until the page is closed */ } },
  };
  function dress() {
    const isDark = theme.value === "dark" || (theme.value === "system" && system.matches);
    root.dataset.theme = isDark && !isPrinting ? "dark" : "light";
  }
  theme.value = ["light", "dark"].includes(stored.get()) ? stored.get() : "system";
  dress();

  // ---- listen
  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a[href^='#']");
    if (!target) return;
    if (target.matches(".sort")) sort(target.closest("th"));
    else if (target.matches(".csv")) download(target.dataset.table);
    else if (target.matches(".open")) toggle(target);
    else if (target.id === "print") window.print();
    else if (target.matches("a")) {
      event.preventDefault();
      show(target.getAttribute("href").slice(1));
      writeHash();
    }
  });
  form?.addEventListener("change", () => { at = ""; apply(); writeHash(); });
  form?.addEventListener("reset", () => setTimeout(() => { at = ""; apply(); writeHash(); }));
  form?.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", readHash);
  theme.addEventListener("change", () => { stored.set(theme.value); dress(); drawAll(); });
  system.addEventListener("change", () => { dress(); drawAll(); });
  window.addEventListener("beforeprint", () => { isPrinting = true; dress(); drawAll(); });
  window.addEventListener("afterprint", () => {
    isPrinting = false;
    dress();
    drawAll();
    for (const plot of figures.keys()) Plotly.Plots.resize(plot); // it keeps the paper's width otherwise
  });

  /** Start the page, with what it does in its own way. */
  function begin(own = {}) {
    Object.assign(page, own);
    for (const cell of all("td.number[data-exact]")) cell.title = cell.dataset.exact;
    if (/^#[^=]+$/.test(location.hash)) { // a place and no filter: everything is shown
      apply();
      carry();
    }
    readHash();
  }
  return {
    begin, all, byId, data, choices, chosen, isFiltered, isShown, pico, rounded, digits, plain, grouped, signed, tone, count,
    colour, fill,
  };
})();
