"use strict";
// The findings: a SKU is shown if it has requests of the chosen verdict or finding; its sums are then of the whole SKU.
{
  const { all, data, choices, pico, rounded, digits, plain, grouped, signed, tone, count, colour, fill } = Tally;
  const WHOLE = "The sentences and verdicts above are of the whole.";
  const WHOLE_SKUS = "Sums by SKU and by day are over the whole of each SKU that has such requests.";
  const HEIGHT = 248, AROUND = 40, STEP = 46; // pixels: of the days, around bars, and from bar to bar
  const PICO = 12;
  const UNTIMED = "time not told";
  const signColour = (amount) => colour(amount.startsWith("-") ? "charged" : "variance");

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
  /** What is shown of the checked requests of these SKUs, per unit: charged, expected and variance. */
  function totals(keys) {
    const sums = {};
    for (const { name, unit, shown } of data.lines) {
      if (!shown || !keys.has(String(name))) continue;
      sums[unit] ??= [0n, 0n, 0n];
      shown.forEach((amount, index) => { sums[unit][index] += pico(amount); });
    }
    return sums;
  }
  function summary({ sku: keys }, { verdict, finding }) {
    const amounts = Object.entries(totals(keys)).map(([unit, [charged, expected, variance]]) => {
      const { places, name } = data.units[unit];
      return `charged ${grouped(charged, places)}, expected ${grouped(expected, places)}, `
        + `variance ${signed(variance, places)} ${name}`;
    });
    const lines = data.lines.filter((line) => keys.has(String(line.name)));
    const requests = lines.reduce((sum, line) => sum + line.requests, 0);
    const counts = `${keys.size} of ${count(choices("sku").length, "SKU")}, ${count(requests, "request")}`;
    const told = [counts, ...(amounts.length ? [amounts.join("; ")] : [])].join(": ") + ".";
    return [told, ...(verdict || finding ? [WHOLE_SKUS] : []), WHOLE].join(" ");
  }

  // ---- sums by day
  /** Round parts so that they add up to a total that is rounded already, as the page's writer does. */
  function addingUp(parts, total, places) {
    const step = 10n ** BigInt(PICO - places), shown = parts.map((part) => rounded(part, places));
    const missing = (total - shown.reduce((sum, part) => sum + part, 0n)) / step, sign = missing > 0n ? 1n : -1n;
    const moved = (index) => sign * (shown[index] - parts[index]);
    const movable = [...parts.keys()].filter((index) => parts[index]).map((index) => [moved(index), index])
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    for (let turn = 0n; turn < sign * missing && movable.length; turn += 1n) {
      shown[movable[Number(turn % BigInt(movable.length))][1]] += sign * step;
    }
    return shown;
  }
  /** Per day its requests, its exact sums, and what is shown of them. */
  function daySums(unit, keys) {
    const { days, places } = data.units[unit], sums = new Map();
    for (const [day, name, requests, charged, expected] of days) {
      if (!keys.has(String(name))) continue;
      const sum = sums.get(day) ?? { day, requests: 0, charged: 0n, expected: 0n };
      sum.requests += requests;
      sum.charged += pico(charged);
      sum.expected += pico(expected);
      sums.set(day, sum);
    }
    const found = [...sums.values()].sort((left, right) => (left.day < right.day ? -1 : 1));
    const [whole, , difference] = totals(keys)[unit] ?? [0n, 0n, 0n];
    const charged = addingUp(found.map((sum) => sum.charged), whole, places);
    const variance = addingUp(found.map((sum) => sum.charged - sum.expected), difference, places);
    return found.map((sum, index) => {
      const shown = { charged: charged[index], expected: charged[index] - variance[index], variance: variance[index] };
      return { ...sum, shown };
    });
  }
  function fillDays(table, keys) {
    const { unit } = table.dataset, { places } = data.units[unit];
    const sums = new Map(daySums(unit, keys).map((sum) => [sum.day, sum]));
    for (const row of all(".row", table)) {
      const sum = sums.get(row.cells[0].dataset.exact);
      row.hidden = !sum;
      if (!sum) continue;
      const { shown } = sum, exact = sum.charged - sum.expected;
      fill(row.cells[1], sum.requests.toLocaleString("en-US"), String(sum.requests));
      fill(row.cells[2], grouped(shown.charged, places), plain(sum.charged));
      fill(row.cells[3], grouped(shown.expected, places), plain(sum.expected));
      fill(row.cells[4], signed(shown.variance, places), plain(exact));
      row.cells[4].className = "number " + tone(exact);
    }
  }

  /** Tell how many requests the SKUs have of a verdict, and how many of them are here. */
  function fillVerdict(group, keys) {
    const code = group.id.slice("verdict-".length), shown = all(".row:not([hidden])", group).length;
    const requests = data.lines.filter((line) => keys.has(String(line.name)))
      .reduce((sum, line) => sum + (line.verdicts[code] ?? 0), 0);
    group.querySelector(".sum").textContent = count(requests, "request");
    group.querySelector(".shown").textContent = shown === requests ? "Every one of them is here."
      : `${shown} of ${count(requests, "request")} ${shown === 1 ? "is" : "are"} here.`;
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
    const color = points.map(([amount]) => signColour(amount));
    const marker = { color, line: { width: 1, color: colour("card") } };
    const drawn = { ...trace, marker, width: 16 / STEP, y: rows, x: pick(trace.x), customdata: points };
    return [[{ ...drawn, hovertext: pick(trace.hovertext) }], { ...figure.layout, height, yaxis, annotations }, names.length];
  }
  function days(figure, unit, { sku: keys }) {
    const { places } = data.units[unit], [trace] = figure.data;
    const found = daySums(unit, keys).filter((sum) => sum.day !== UNTIMED);
    const amounts = found.map((sum) => digits(sum.shown.variance, places));
    const drawn = {
      ...trace, x: found.map((sum) => sum.day), y: amounts.map(Number), // to draw, no more
      customdata: found.map((sum) => signed(sum.shown.variance, places)),
      marker: { color: amounts.map(signColour), line: { width: 0 } },
    };
    return [[drawn], { ...figure.layout, height: HEIGHT }, found.length];
  }

  // ---- the arithmetic of a request, made when it is opened first
  const { of, texts } = JSON.parse(document.getElementById("arithmetic-data").textContent);
  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }
  const headed = (scope, className, text) => Object.assign(make("th", className, text), { scope });
  const part = (className, rows) => make("tbody", className, ...rows);
  function facts(lines) {
    return make("dl", "facts", ...lines.map(([name, fact, word]) =>
      make("div", "", make("dt", "", name), make("dd", "", word ? `${fact} (${word})` : fact))));
  }
  function arithmetic([unitText, stepTexts, outcomeTexts, factTexts]) {
    const told = (lines) => lines.map((line) => line.map((number) => texts[number]));
    const unit = texts[unitText], steps = told(stepTexts), outcome = told(outcomeTexts), box = make("div", "arithmetic");
    if (!steps.length) box.append(facts(outcome));
    else {
      const table = make("table", "sum", make("caption", "hidden", `Arithmetic, ${unit}`));
      const heads = [["", "Kind"], ["number", "Tokens"], ["number", `Rate, ${unit} per 1M`], ["number", `Amount, ${unit}`]];
      table.append(make("thead", "", make("tr", "", ...heads.map(([style, text]) => headed("col", style, text)))));
      table.append(part("", steps.map(([kind, ...figures]) =>
        make("tr", "", headed("row", "", kind), ...figures.map((figure) => make("td", "number", figure))))));
      table.append(part("outcome", outcome.map(([name, figure, word]) => {
        const why = Object.assign(make("td", "", word), { colSpan: 2 });
        return make("tr", name.toLowerCase(), headed("row", "", name), why, make("td", "number", figure));
      })));
      box.append(table);
    }
    if (factTexts.length) box.append(facts(told(factTexts)));
    return box;
  }
  for (const button of all(".open")) {
    button.addEventListener("click", () => {
      const id = button.getAttribute("aria-controls"), cell = document.getElementById(id).cells[0], at = id.lastIndexOf("-");
      if (!cell.children.length) cell.append(arithmetic(of[id.slice(0, at)][Number(id.slice(at + 1)) - 1]));
    });
  }

  Tally.begin({
    allowed, summary, charts: { bars, days },
    fill: ({ sku }, { finding }) => {
      for (const table of all("table.days")) fillDays(table, sku);
      for (const group of all("details.group[id^='verdict-']")) fillVerdict(group, sku);
      if (finding) document.getElementById(finding).open = true;
    },
  });
}
