"use strict";
// The statement: a chart draws the rows of its table that are shown; under one SKU, sums show that SKU's part of them.
{
  const { all, byId, data, choices, pico, grouped, signed, colour, fill } = Tally;
  const UNKNOWN = "\u2014";
  const WHOLE = "The sentences above, budgets, unusual days and totals of invoices stay those of all SKUs.";
  const OF_ALL = "The sentences above and budgets that name no provider stay those of all.";
  const SPREAD = "What is allocated is so over all SKUs, and not told of one.";
  const AROUND = 40, STEP = 46, DAYS = 280, MOST_BARS = 10; // pixels: around bars, from bar to bar, and of a chart

  // ---- what the filter allows
  function allowed({ sku, provider }) {
    const key = (field, value) => choices(field).find((each) => each.value === value).key;
    const found = {};
    if (sku) found.sku = new Set([key("sku", sku)]);
    if (provider) found.provider = new Set([key("provider", provider)]);
    else if (sku) found.provider = new Set([String(data.providers[key("sku", sku)])]);
    return found;
  }
  const only = (keys) => (keys ? [...keys][0] : undefined);
  function summary({ sku, provider }, filter) {
    const tiles = tilesOf({ sku, provider });
    if (!tiles) return "This provider does not sell this SKU.";
    const [[spend]] = tiles, cost = spend.startsWith("$") ? `${spend} spent` : "its cost is unknown in dollars";
    const whole = !sku ? [OF_ALL] : data.spread ? [WHOLE, SPREAD] : [WHOLE];
    return [`${filter.sku || filter.provider}: ${cost}.`, ...whole].join(" ");
  }

  // ---- tiles
  function tilesOf({ sku, provider }) {
    if (sku && String(data.providers[only(sku)]) !== only(provider)) return undefined;
    return data.tiles[sku ? `sku ${only(sku)}` : provider ? `provider ${only(provider)}` : "all"];
  }
  function fillTiles(scope) {
    const tiles = tilesOf(scope);
    all(".tile").forEach((tile, index) => {
      const [figure, exact, notes] = tiles ? tiles[index] : [UNKNOWN, "", []];
      tile.querySelector(".figure").textContent = figure;
      tile.querySelector(".figure").title = exact && `exactly ${exact}`;
      tile.querySelector(".told").textContent = notes.join("; ");
    });
  }

  // ---- sums over SKUs: under one of them, its part
  const places = (digits) => (digits.split(".")[1] ?? "").length;
  const keep = (cell) => ({ text: cell.textContent, exact: cell.dataset.exact, title: cell.title });
  const tables = Object.entries(data.scoped).map(([id, { cells, skus }]) => {
    const rows = byId(id) ? all(".row", byId(id)) : [];
    return { rows, cells, skus, whole: rows.map((row) => cells.map((index) => keep(row.cells[index]))) };
  });
  function told(value) {
    if (value === null) return { text: UNKNOWN, exact: "", title: "" };
    if (Array.isArray(value)) return { text: grouped(pico(value[0]), places(value[0])), exact: value[1], title: value[1] };
    return { text: value.toLocaleString("en-US"), exact: String(value), title: String(value) };
  }
  function fillScoped({ rows, cells, skus, whole }, sku) {
    const part = sku && (skus[sku] ?? {});
    rows.forEach((row, nth) => {
      if (part && !part[nth]) row.hidden = true;
      if (row.hidden) return;
      cells.forEach((index, at) => {
        const { text, exact, title } = part ? told(part[nth][at]) : whole[nth][at];
        fill(row.cells[index], text, exact);
        row.cells[index].title = title;
      });
    });
  }

  // ---- charts draw their tables
  const shownRows = (id) => all(".row:not([hidden])", byId(id));
  const plain = (name) => name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("%", "&#37;");
  const exact = (cell) => Number(cell.dataset.exact); // to draw, no more
  const text = (cell) => plain(cell.textContent.trim());
  const isShown = (cell) => /[1-9]/.test(cell.textContent); // what is shown as nothing needs no bar
  const heading = (id, index) => byId(id).tHead.rows[0].cells[index].textContent.trim();

  /** Bars one below the other; the name and figure of each stand above its left end. */
  function rowed(figure, names, labels, more = {}) {
    const slots = Math.max(names.length, 2), height = AROUND + STEP * slots;
    const yaxis = { ...figure.layout.yaxis, categoryarray: names, range: [slots - 0.5, -0.7] };
    const annotations = names.map((name, nth) => ({
      text: labels[nth], showarrow: false, bgcolor: colour("card"), xref: "paper", x: 0, xanchor: "left", xshift: 3,
      yref: "y", y: name, yshift: 19, borderpad: 1,
    }));
    return { ...figure.layout, height, yaxis, annotations, ...more };
  }
  /** From left to right of the row of its table that sums up the others: first, last and what is expected are sums. */
  function steps(figure, id, { sku }) {
    const rows = shownRows(id), [first] = figure.data, { names } = figure.layout.meta;
    const row = rows.find((each) => each.dataset.forSku === "") ?? rows.find((each) => each.querySelector("td.whole")) ?? rows[0];
    if (!row) return [[first], figure.layout, 0];
    const cells = [...row.cells].slice(-names.length);
    const isSum = (name, nth) => nth === 0 || nth === names.length - 1 || name === "Expected";
    const kept = names.map((name, nth) => ({ name, cell: cells[nth], isSum: isSum(name, nth) }))
      .filter(({ cell, isSum: always }) => always || isShown(cell));
    const keys = kept.map((_, nth) => `step ${nth}`);
    const labels = kept.map(({ name, cell, isSum: whole }) =>
      `${name}  <b>${whole || !(exact(cell) > 0) || cell.textContent.startsWith("+") ? "" : "+"}${text(cell)}</b>`);
    const border = { width: 1, color: colour("card") };
    const trace = {
      ...first, y: keys, x: kept.map(({ cell }) => exact(cell)), width: 16 / STEP, hovertext: labels,
      measure: kept.map(({ isSum: whole }) => (whole ? "absolute" : "relative")),
      increasing: { marker: { color: colour("variance"), line: border } },
      decreasing: { marker: { color: colour("charged"), line: border } },
      totals: { marker: { color: colour("expected"), line: border } },
      connector: { line: { color: colour("strong-line"), width: 1 } },
    };
    return [[trace], rowed(figure, keys, labels), sku || kept.some(({ cell }) => exact(cell)) ? kept.length : 0];
  }
  function days(figure, id) {
    const rows = shownRows(id), [first] = figure.data;
    const ordered = [...rows].sort((a, b) => (a.cells[0].dataset.exact < b.cells[0].dataset.exact ? -1 : 1));
    const unit = heading(id, 2).split(", ").at(-1);
    const odd = (row) => row.cells[3].dataset.exact;
    const trace = {
      ...first, x: ordered.map((row) => row.cells[0].dataset.exact), y: ordered.map((row) => exact(row.cells[2])),
      width: 64000000, // milliseconds: three quarters of a day
      hovertext: ordered.map((row) => `${text(row.cells[0])}: ${text(row.cells[2])} ${plain(unit)}`
        + (odd(row) ? `<br>${text(row.cells[3])}` : "")),
      marker: { color: ordered.map((row) => colour(odd(row) ? "variance" : "charged")) },
    };
    const annotations = ordered.filter(odd).map((row) => ({
      text: odd(row).startsWith("-") ? "\u25bc" : "\u25b2", x: row.cells[0].dataset.exact, y: exact(row.cells[2]),
      showarrow: false, yshift: 10,
    }));
    return [[trace], { ...figure.layout, height: DAYS, annotations }, ordered.length];
  }
  function shares(figure, id) {
    const sums = new Map(), [first] = figure.data;
    for (const row of shownRows(id)) {
      const cell = row.cells[row.cells.length - 1], name = row.cells[0].textContent.trim();
      if (!cell.dataset.exact || !isShown(cell)) continue;
      const shown = pico(cell.textContent.replaceAll(",", "").replace("\u2212", "-"));
      const { amount = 0n, length = 0 } = sums.get(name) ?? {};
      sums.set(name, { amount: amount + shown, length: length + exact(cell), digits: places(cell.textContent) });
    }
    const largest = [...sums].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_BARS);
    const keys = largest.map(([name]) => `name ${name}`);
    const labels = largest.map(([name, { amount, digits }]) => `${plain(name)}  <b>$${grouped(amount, digits)}</b>`);
    const trace = {
      ...first, y: keys, x: largest.map(([, { length }]) => length), hovertext: labels, width: 16 / STEP,
      marker: { color: colour("charged") },
    };
    return [[trace], rowed(figure, keys, labels), keys.length];
  }
  function budgets(figure, id) {
    const rows = shownRows(id), [bar, dot] = figure.data, { meta, xaxis } = figure.layout;
    const keys = rows.map((_, nth) => `budget ${nth}`);
    const share = (row, index) => (row.cells[index].dataset.exact ? 100 * exact(row.cells[index]) / exact(row.cells[3]) : null);
    const labels = rows.map((row) => `${text(row.cells[0])}  <b>${text(row.cells[5])}&#37;</b>  ${text(row.cells[2])}`);
    const used = rows.map((row) => share(row, 4)), likely = rows.map((row) => share(row, 6));
    const high = rows.map((row) => share(row, 8) ?? 0);
    const color = rows.map((row) => colour(row.cells[2].dataset.exact === "over" ? "variance" : "charged"));
    const traces = [{ ...bar, y: keys, x: used, width: 16 / STEP, hovertext: labels, marker: { color } }];
    if (!meta.is_complete) {
      const off = (index, way) => rows.map((row, nth) => (share(row, index) === null ? 0 : way * (share(row, index) - likely[nth])));
      traces.push({
        ...dot, y: keys, x: likely, hovertext: rows.map((row) => `Forecast: ${text(row.cells[6])}, ${text(row.cells[7])} to ${text(row.cells[8])}`),
        marker: { color: colour("text"), size: 9 },
        error_x: { type: "data", symmetric: false, array: off(8, 1), arrayminus: off(7, -1), color: colour("text"), thickness: 2 },
      });
    }
    const most = Math.max(100, ...used, ...likely.map((each) => each ?? 0), ...high);
    const line = { type: "line", xref: "x", x0: 100, x1: 100, yref: "paper", y0: 0, y1: 1 };
    return [traces, rowed(figure, keys, labels, {
      xaxis: { ...xaxis, range: [0, most * 1.06] },
      shapes: [{ ...line, line: { color: colour("strong-line"), width: 2, dash: "dot" } }],
    }), rows.length];
  }

  Tally.begin({
    allowed, summary, charts: { steps, days, shares, budgets },
    fill: (scope) => {
      fillTiles(scope);
      for (const table of tables) fillScoped(table, only(scope.sku));
    },
  });
}
