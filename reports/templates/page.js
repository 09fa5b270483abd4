"use strict";
// The page's behaviour: filter, sort, CSV, drill-down, theme and print. Money is added as whole pico-units (BigInt);
// numbers are used to draw and for nothing else. Every text is set as text, never as HTML.
(() => {
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
  const count = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

  // ---- the filter, kept in the hash so that a link restores it
  const form = byId("filter");
  const FIELDS = ["sku", "verdict", "finding"];
  const choices = (field) => [...form.elements[field].options].map((option) => option.value);
  const chosen = () => Object.fromEntries(FIELDS.map((field) => [field, form.elements[field].value]));
  const ALL_SHOWN = "Everything is shown. A filter also goes into the address, so that a link restores it.";
  const WHOLE_SKUS = "Sums by SKU and by day are over the whole of each SKU that has such requests.";
  const isFiltered = (filter) => FIELDS.some((field) => filter[field]);
  let at = ""; // the place that the link leads to

  function readHash() {
    const text = location.hash.slice(1), told = new URLSearchParams(text.includes("=") ? text : "");
    if (text && !text.includes("=")) return show(text);
    for (const field of FIELDS) {
      const value = told.get(field) ?? "";
      form.elements[field].value = choices(field).includes(value) ? value : "";
    }
    apply();
    if (told.get("at")) show(told.get("at"));
  }
  function writeHash() {
    const told = new URLSearchParams(Object.entries({ ...chosen(), at }).filter(([, value]) => value));
    history.replaceState(null, "", "#" + told.toString());
  }
  function show(id) {
    const place = byId(id);
    if (!place) return;
    at = id;
    if (place.matches("details")) place.open = true;
    place.scrollIntoView();
    (place.querySelector("summary") ?? place).focus({ preventScroll: true });
  }

  /** The numbers of the SKUs that the filter allows: those that have such requests. */
  function allowedNames({ sku, verdict, finding }) {
    const has = (name, test) => data.lines.some((line) => line.name === name && test(line));
    const options = all("option[data-name]", form).filter((option) => !sku || option.value === sku);
    const names = options.map((option) => Number(option.dataset.name));
    return new Set(names.filter((name) => (!verdict || has(name, (line) => line.verdicts[verdict]))
      && (!finding || data.findings[finding].name === name)));
  }
  function isShown(row, names, { verdict, finding }) {
    const { name, verdicts, finding: own } = row.dataset;
    return (name === undefined || names.has(Number(name)))
      && (!verdict || verdicts === undefined || verdicts.split(" ").includes(verdict))
      && (!finding || own === undefined || own === finding);
  }
  function apply() {
    const filter = chosen(), names = allowedNames(filter);
    for (const row of all(".row, details.group")) row.hidden = !isShown(row, names, filter);
    for (const table of all("table.days")) fillDays(table, names);
    for (const group of all("details.group:not([hidden])")) group.hidden = all(".row:not([hidden])", group).length === 0
      && all(".row", group).length > 0;
    for (const below of all(".below")) {
      const rows = all(".row", below.previousElementSibling);
      below.querySelector(".empty").hidden = rows.some((row) => !row.hidden);
    }
    byId("status").textContent = summary(filter, names);
    byId("status").classList.toggle("hint", !isFiltered(filter));
    drawAll(names);
  }
  function summary(filter, names) {
    if (!isFiltered(filter)) return ALL_SHOWN;
    const lines = data.lines.filter((line) => names.has(line.name));
    const sums = {};
    for (const { unit, shown } of lines) {
      if (!shown) continue;
      sums[unit] ??= [0n, 0n, 0n];
      shown.forEach((amount, index) => { sums[unit][index] += pico(amount); });
    }
    const amounts = Object.entries(sums).map(([unit, [charged, expected, variance]]) => {
      const { places, name } = data.units[unit];
      return `charged ${grouped(charged, places)}, expected ${grouped(expected, places)}, `
        + `variance ${signed(variance, places)} ${name}`;
    });
    const requests = lines.reduce((sum, line) => sum + line.requests, 0);
    const counts = `${names.size} of ${count(choices("sku").length - 1, "SKU")}, ${count(requests, "request")}`;
    const told = [counts, ...(amounts.length ? [amounts.join("; ")] : [])].join(": ") + ".";
    return filter.verdict || filter.finding ? `${told} ${WHOLE_SKUS}` : told;
  }

  // ---- sums by day
  function daySums(unit, names) {
    const sums = new Map();
    for (const [day, name, requests, charged, expected] of data.units[unit].days) {
      if (!names.has(name)) continue;
      const sum = sums.get(day) ?? { requests: 0, charged: 0n, expected: 0n };
      sum.requests += requests;
      sum.charged += pico(charged);
      sum.expected += pico(expected);
      sums.set(day, sum);
    }
    return sums;
  }
  function besides({ charged, expected }, places) { // round first, then subtract
    const left = rounded(charged, places), right = rounded(expected, places);
    return { charged: left, expected: right, variance: left - right };
  }
  function fillDays(table, names) {
    const { unit } = table.dataset, { places } = data.units[unit], sums = daySums(unit, names);
    for (const row of all(".row", table)) {
      const sum = sums.get(row.cells[0].dataset.exact);
      row.hidden = !sum;
      if (!sum) continue;
      const shown = besides(sum, places), exact = sum.charged - sum.expected;
      fill(row.cells[1], sum.requests.toLocaleString("en-US"), String(sum.requests));
      fill(row.cells[2], grouped(shown.charged, places), plain(sum.charged));
      fill(row.cells[3], grouped(shown.expected, places), plain(sum.expected));
      fill(row.cells[4], signed(shown.variance, places), plain(exact));
      row.cells[4].className = "number " + (exact > 0n ? "over" : exact < 0n ? "under" : "zero");
    }
  }
  function fill(cell, text, exact) {
    cell.textContent = text;
    cell.title = cell.dataset.exact = exact;
  }

  // ---- charts: Plotly's figures, given the colours of the theme and the points that the filter allows
  const figures = new Map(all(".plot").map((plot) => [plot, JSON.parse(byId(plot.id + "-figure").textContent)]));
  const descriptions = new Map([...figures.keys()].map((plot) => [plot, plot.getAttribute("aria-label")]));
  const HEIGHT = 336, AROUND = 40, STEP = 46; // pixels: of a chart, around its bars, and from bar to bar
  const NOTHING = { text: "Nothing to draw under this filter", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false };
  const PAPER = 690; // pixels between the margins of A4
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();

  function barTraces(figure, names, unit, { verdict, finding }) {
    const { places } = data.units[unit], [trace] = figure.data, labels = figure.layout.meta.labels, sums = new Map();
    const allows = (chosenOne, own) => !chosenOne || own === null || own === chosenOne;
    const kept = trace.customdata.map(([, name, ownVerdict, ownFinding]) =>
      names.has(name) && allows(verdict, ownVerdict) && allows(finding, ownFinding));
    const pick = (values) => values.filter((_, index) => kept[index]);
    const rows = pick(trace.y), points = pick(trace.customdata);
    rows.forEach((row, index) => sums.set(row, (sums.get(row) ?? 0n) + pico(points[index][0])));
    const bars = figure.layout.yaxis.categoryarray.filter((bar) => sums.has(bar));
    const slots = Math.max(bars.length, 2), height = AROUND + STEP * slots;
    const yaxis = { ...figure.layout.yaxis, categoryarray: bars, range: [slots - 0.5, -0.7] };
    const annotations = bars.map((bar) => ({ // its name and sum, above its left end
      text: `${labels[bar]}  <b>${signed(sums.get(bar), places)}</b>`, showarrow: false, bgcolor: colour("card"),
      xref: "paper", x: 0, xanchor: "left", xshift: 3, yref: "y", y: bar, yshift: 19, borderpad: 1,
    }));
    const color = points.map(([amount]) => colour(amount.startsWith("-") ? "charged" : "variance"));
    const marker = { color, line: { width: 1, color: colour("card") } };
    const drawn = { ...trace, marker, width: 16 / STEP, y: rows, x: pick(trace.x), customdata: points };
    return [[{ ...drawn, hovertext: pick(trace.hovertext) }], { ...figure.layout, height, yaxis, annotations }, bars.length];
  }
  function dayTraces(figure, names, unit) {
    const { places } = data.units[unit], sums = daySums(unit, names), days = [...sums.keys()].sort();
    const shown = days.map((day) => besides(sums.get(day), places));
    const traces = figure.data.map((trace) => {
      const amounts = shown.map((each) => each[trace.meta.amount]);
      const write = trace.meta.amount === "variance" ? signed : grouped;
      const y = amounts.map((amount) => Number(digits(amount, places))); // to draw, no more
      const marker = { color: colour(trace.meta.color), line: { width: 0 } };
      return { ...trace, x: days, y, marker, customdata: amounts.map((amount) => write(amount, places)) };
    });
    return [traces, { ...figure.layout, height: HEIGHT }, days.length];
  }
  function draw(plot, names) {
    const { kind, unit } = plot.dataset, figure = figures.get(plot);
    const [traces, layout, points] = (kind === "days" ? dayTraces : barTraces)(figure, names, unit, chosen());
    const text = colour("text"), muted = colour("muted"), grid = colour("grid"), card = colour("card");
    const lines = { gridcolor: grid, linecolor: grid, zerolinecolor: colour("strong-line"), zerolinewidth: 1 };
    const axis = (own) => ({ ...own, ...lines, tickfont: { color: muted, size: 12 } });
    Object.assign(layout, {
      paper_bgcolor: card, plot_bgcolor: card, font: { family: colour("font"), color: text, size: 12.5 },
      xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
      hoverlabel: { bgcolor: card, bordercolor: colour("strong-line"), font: { color: text, family: colour("font") } },
      legend: { ...layout.legend, font: { color: text } },
      annotations: layout.annotations.map((each) => ({ ...each, font: { color: kind === "days" ? muted : text, size: 12.5 } })),
    });
    if (layout.yaxis2) layout.yaxis2 = axis(layout.yaxis2);
    if (isPrinting) Object.assign(layout, { width: PAPER, autosize: false });
    plot.style.minHeight = layout.height + "px";
    if (!points) layout.annotations = [{ ...NOTHING, font: { color: muted } }];
    const whole = descriptions.get(plot);
    plot.setAttribute("aria-label", isFiltered(chosen()) ? `A part of: ${whole} Its figures are in the table below.` : whole);
    Plotly.react(plot, traces, layout, { displayModeBar: false, responsive: true });
  }
  function drawAll(names = allowedNames(chosen())) {
    for (const plot of figures.keys()) draw(plot, names);
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
  form.addEventListener("change", () => { at = ""; apply(); writeHash(); });
  form.addEventListener("reset", () => setTimeout(() => { at = ""; apply(); writeHash(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
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
  readHash();
})();
