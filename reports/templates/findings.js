"use strict";
// The findings: a SKU is shown if it has requests of the chosen verdict or finding; its sums are then of the whole SKU.
{
  const { all, data, choices, pico, rounded, digits, plain, grouped, signed, tone, count, colour, fill } = Tally;
  const WHOLE_SKUS = "Sums by SKU and by day are over the whole of each SKU that has such requests.";
  const HEIGHT = 336, AROUND = 40, STEP = 46; // pixels: of a chart, around its bars, and from bar to bar

  /** The numbers of the SKUs that the filter allows: those that have such requests. */
  function allowed({ sku, verdict, finding }) {
    const has = (key, test) => data.lines.some((line) => String(line.name) === key && test(line));
    const keys = choices("sku").filter((each) => !sku || each.value === sku).map((each) => each.key)
      .filter((key) => (!verdict || has(key, (line) => line.verdicts[verdict]))
        && (!finding || String(data.findings[finding].name) === key));
    return {
      sku: new Set(keys), ...(verdict && { verdict: new Set([verdict]) }), ...(finding && { finding: new Set([finding]) }),
    };
  }
  function summary({ sku: keys }, { verdict, finding }) {
    const lines = data.lines.filter((line) => keys.has(String(line.name)));
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
    const counts = `${keys.size} of ${count(choices("sku").length, "SKU")}, ${count(requests, "request")}`;
    const told = [counts, ...(amounts.length ? [amounts.join("; ")] : [])].join(": ") + ".";
    return verdict || finding ? `${told} ${WHOLE_SKUS}` : told;
  }

  // ---- sums by day
  function daySums(unit, keys) {
    const sums = new Map();
    for (const [day, name, requests, charged, expected] of data.units[unit].days) {
      if (!keys.has(String(name))) continue;
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
  function fillDays(table, keys) {
    const { unit } = table.dataset, { places } = data.units[unit], sums = daySums(unit, keys);
    for (const row of all(".row", table)) {
      const sum = sums.get(row.cells[0].dataset.exact);
      row.hidden = !sum;
      if (!sum) continue;
      const shown = besides(sum, places), exact = sum.charged - sum.expected;
      fill(row.cells[1], sum.requests.toLocaleString("en-US"), String(sum.requests));
      fill(row.cells[2], grouped(shown.charged, places), plain(sum.charged));
      fill(row.cells[3], grouped(shown.expected, places), plain(sum.expected));
      fill(row.cells[4], signed(shown.variance, places), plain(exact));
      row.cells[4].className = "number " + tone(exact);
    }
  }

  // ---- charts
  function bars(figure, unit, { sku: keys }, { verdict, finding }) {
    const { places } = data.units[unit], [trace] = figure.data, labels = figure.layout.meta.labels, sums = new Map();
    const allows = (chosenOne, own) => !chosenOne || own === null || own === chosenOne;
    const kept = trace.customdata.map(([, name, ownVerdict, ownFinding]) =>
      keys.has(String(name)) && allows(verdict, ownVerdict) && allows(finding, ownFinding));
    const pick = (values) => values.filter((_, index) => kept[index]);
    const rows = pick(trace.y), points = pick(trace.customdata);
    rows.forEach((row, index) => sums.set(row, (sums.get(row) ?? 0n) + pico(points[index][0])));
    const names = figure.layout.yaxis.categoryarray.filter((bar) => sums.has(bar));
    const slots = Math.max(names.length, 2), height = AROUND + STEP * slots;
    const yaxis = { ...figure.layout.yaxis, categoryarray: names, range: [slots - 0.5, -0.7] };
    const annotations = names.map((bar) => ({ // its name and sum, above its left end
      text: `${labels[bar]}  <b>${signed(sums.get(bar), places)}</b>`, showarrow: false, bgcolor: colour("card"),
      xref: "paper", x: 0, xanchor: "left", xshift: 3, yref: "y", y: bar, yshift: 19, borderpad: 1,
    }));
    const color = points.map(([amount]) => colour(amount.startsWith("-") ? "charged" : "variance"));
    const marker = { color, line: { width: 1, color: colour("card") } };
    const drawn = { ...trace, marker, width: 16 / STEP, y: rows, x: pick(trace.x), customdata: points };
    return [[{ ...drawn, hovertext: pick(trace.hovertext) }], { ...figure.layout, height, yaxis, annotations }, names.length];
  }
  function days(figure, unit, { sku: keys }) {
    const { places } = data.units[unit], sums = daySums(unit, keys), found = [...sums.keys()].sort();
    const shown = found.map((day) => besides(sums.get(day), places));
    const traces = figure.data.map((trace) => {
      const amounts = shown.map((each) => each[trace.meta.amount]);
      const write = trace.meta.amount === "variance" ? signed : grouped;
      const y = amounts.map((amount) => Number(digits(amount, places))); // to draw, no more
      const marker = { color: colour(trace.meta.color), line: { width: 0 } };
      return { ...trace, x: found, y, marker, customdata: amounts.map((amount) => write(amount, places)) };
    });
    const annotations = figure.layout.annotations.map((each) => ({ ...each, font: { color: colour("muted") } }));
    return [traces, { ...figure.layout, height: HEIGHT, annotations }, found.length];
  }

  Tally.begin({
    allowed, summary, charts: { bars, days },
    fill: ({ sku }) => { for (const table of all("table.days")) fillDays(table, sku); },
  });
}
