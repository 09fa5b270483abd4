"use strict";
// The overview: all figures are added up anew from rows of day and SKU, but for what is of the whole month.
{
  const { all, data, choices, chosen, pico, rounded, digits, plain, grouped, signed, tone, count, colour, fill, isFiltered } = Tally;
  const HEIGHT = 336, AROUND = 40, STEP = 46; // pixels: of a chart, around its bars, and from bar to bar
  const FINE = 12; // amounts in dollars are amounts in units times a value: in 10^-24, so that nothing is lost
  const WHOLE = "The sentences above and those of findings are of the whole.";
  const HIDDEN = "Budget and forecast are of the whole month, so they are hidden.";
  const HIDDEN_BY_DAY = "Budget, forecast and what changed since the month before are of the whole month, so they are hidden.";
  const TURNED = "From is later than To, so no day is chosen and nothing is shown.";
  const DAYS = 7; // the fewest that an axis is of, so that the bars of a single day are bars
  const ROW = ["bin", "name", "unit", "value", "currency", "requests", "wrong", "checked", "known"];
  const AMOUNTS = ["charged", "expected", "unchecked", "unreported", "spend", "cost"];
  const rows = data.rows.map((cells) => ({
    ...Object.fromEntries(ROW.map((key, index) => [key, cells[index]])),
    ...Object.fromEntries(AMOUNTS.map((key, index) => [key, cells[ROW.length + index] ? pico(cells[ROW.length + index]) : 0n])),
  }));
  const values = data.values.map(pico);
  const unitOf = (id) => data.units.findIndex((each) => each.id === id);
  const currencyOf = (id) => data.currencies.findIndex((each) => each.id === id);
  const money = (text, { unit }) => (unit === "USD" ? text.replace(/^([+\u2212]?)/, "$1$$") : text);

  // ---- amounts in 10^-24
  const fine = (amount) => amount * 10n ** BigInt(FINE);
  function shown(amount, places) { // rounded for display, in pico
    const step = 10n ** BigInt(2 * FINE - places), size = amount < 0n ? -amount : amount;
    const steps = ((2n * size + step) / (2n * step)) * 10n ** BigInt(FINE - places);
    return amount < 0n ? -steps : steps;
  }
  function exactly(amount) {
    const size = (amount < 0n ? -amount : amount).toString().padStart(2 * FINE + 1, "0");
    return (amount < 0n ? "-" : "") + (size.slice(0, -2 * FINE) + "." + size.slice(-2 * FINE)).replace(/\.?0+$/, "");
  }
  /** The fewest decimal places that show an amount as more than zero; as figures.places_for has them. */
  const fewest = (amount) => [2, 4, 6].find((places) => shown(amount, places)) ?? (amount ? 6 : 2);
  const inDollars = (amount, write = grouped) => money(write(shown(amount, fewest(amount)), fewest(amount)), { unit: "USD" });
  /** What an amount of a row is in its currency. */
  const told = (row, amount) => (data.currencies[row.currency]?.isDollars ? (row.value < 0 ? 0n : amount * values[row.value]) : fine(amount));

  // ---- the filter
  function allowed({ sku, from, to }) {
    const filter = chosen();
    return {
      ...(sku && { sku: new Set([choices("sku").find((each) => each.value === sku).key]) }),
      ...((from || to) && { day: new Set(data.bins.filter((day) => (!from || day >= from) && (!to || day <= to))) }),
      ...(isFiltered(filter) && { any: new Set() }),
    };
  }
  const holds = ({ sku, day }, row) => (!sku || sku.has(String(row.name))) && (!day || day.has(data.bins[row.bin]));
  const rowsOf = (keys) => rows.filter((row) => holds(keys, row));
  const binsOf = ({ day }) => data.bins.filter((bin) => !day || day.has(bin));

  /** Whether of none of these requests it is known what they cost. */
  const isUnknown = (list) => list.length > 0 && !list.some((row) => row.known || row.spend);

  function summary(keys, filter) {
    if (filter.from && filter.to && filter.from > filter.to) return TURNED;
    const list = rowsOf(keys), requests = list.reduce((total, row) => total + row.requests, 0);
    const spent = data.currencies.map((each, index) => {
      const own = list.filter((row) => row.currency === index);
      if (isUnknown(own)) return `unknown in ${each.name}`;
      const amount = shown(own.reduce((total, row) => total + told(row, row.spend), 0n), each.places);
      return `${money(grouped(amount, each.places), each)}${each.unit === "USD" ? "" : ` ${each.name}`}`;
    });
    return `${count(requests, "request")}, spend ${spent.join(", ") || "none"}. ${WHOLE} ${filter.from || filter.to ? HIDDEN_BY_DAY : HIDDEN}`;
  }

  // ---- sums of a unit: charged, expected and variance as shown
  function unitSums(unit, keys) {
    const list = rowsOf(keys).filter((row) => row.unit === unit), { places } = data.units[unit];
    const add = (key) => list.reduce((total, row) => total + row[key], 0n);
    const exact = { charged: add("charged"), expected: add("expected"), unchecked: add("unchecked"), unreported: add("unreported") };
    let charged = rounded(exact.charged, places), expected = rounded(exact.expected, places);
    if (!keys.day) { // whole SKUs are shown as on the other pages, where they add up to the total
      const own = data.skus.filter(([name, of]) => of === unit && (!keys.sku || keys.sku.has(String(name))));
      [charged, expected] = [2, 3].map((place) => own.reduce((total, cells) => total + pico(cells[place]), 0n));
    }
    const isKnown = (key) => list.every((row) => !row[key] || row.value >= 0);
    const dollars = (key) => list.reduce((total, row) => total + (row.value < 0 ? 0n : row[key] * values[row.value]), 0n);
    return { list, exact, charged, expected, variance: charged - expected, places, isKnown, dollars };
  }
  /** Round parts so that they add up to a total that is rounded already; as figures.adding_up does it. */
  function addingUp(parts, total, places) {
    const step = 10n ** BigInt(FINE - places), found = parts.map((part) => rounded(part, places));
    const missing = Number((total - found.reduce((all_, part) => all_ + part, 0n)) / step), sign = missing > 0 ? 1n : -1n;
    const off = (index) => sign * (found[index] - parts[index]);
    const movable = parts.map((_, index) => index).filter((index) => parts[index])
      .sort((left, right) => (off(left) < off(right) ? -1 : off(left) > off(right) ? 1 : left - right));
    for (const index of movable.slice(0, Math.abs(missing))) found[index] += sign * step;
    return found;
  }
  function causeSums(unit, keys) {
    const own = data.parts.filter(([of, name]) => of === unit && (!keys.sku || keys.sku.has(String(name))));
    const sums = new Map(), put = (cause, requests, exact, amount) => {
      const each = sums.get(cause) ?? { cause, requests: 0, exact: 0n, shown: 0n };
      each.requests += requests; each.exact += exact; each.shown += amount;
      sums.set(cause, each);
    };
    if (!keys.day) for (const [, , cause, , requests, amount, exact] of own) put(cause, requests, pico(exact), pico(amount));
    else {
      const { exact, variance, places } = unitSums(unit, keys);
      for (const [, , cause, finding] of own) {
        for (const [bin, , requests, amount] of data.findings[finding] ?? []) {
          if (keys.day.has(data.bins[bin])) put(cause, requests, pico(amount), 0n);
        }
      }
      const rest = exact.charged - exact.expected - [...sums.values()].reduce((total, each) => total + each.exact, 0n);
      if (rest) put("tolerance", 0, rest, 0n);
      const list = [...sums.values()], parts = addingUp(list.map((each) => each.exact), variance, places);
      list.forEach((each, index) => { each.shown = parts[index]; });
    }
    const size = (amount) => (amount < 0n ? -amount : amount);
    return [...sums.values()].sort((left, right) => (size(left.shown) > size(right.shown) ? -1 : size(left.shown) < size(right.shown) ? 1
      : left.cause < right.cause ? -1 : 1));
  }

  // ---- tiles: as they came, or added up anew
  const original = new Map(all("[data-tile]").map((tile) => [tile, [[...tile.children].map((each) => each.cloneNode(true)), tile.className]]));
  function fillTile(tile, keys, filter) {
    const [children, className] = original.get(tile);
    tile.replaceChildren(...children.map((each) => each.cloneNode(true)));
    tile.className = className;
    if (!isFiltered(filter)) return;
    const { figure, exact, notes, style = "" } = TILES[tile.dataset.tile](tile.dataset.of, keys);
    const [name, value] = tile.children;
    value.textContent = figure;
    value.title = exact ? `exactly ${exact}` : "";
    tile.className = `tile ${style}`;
    tile.replaceChildren(name, value, ...notes.filter(Boolean).map((note) => Object.assign(document.createElement("dd"), { textContent: note })));
  }
  const dollarsOf = (sums, ...names) => {
    if (!names.every(sums.isKnown) || !sums.list.length) return "";
    const amount = names.reduce((total, name) => total + sums.dollars(name), 0n);
    return `= ${inDollars(amount)}`;
  };
  // Where no charge is told in a unit, there is nothing that could be zero in it.
  const untold = (of, what) => ({ figure: "\u2014", exact: "", notes: [`${what} in ${data.units[unitOf(of)].name} under this filter`] });
  const checkedOf = (sums) => sums.list.reduce((total, row) => total + row.checked, 0);
  const NOT_CHECKED = "no request with a charge and a price";
  const TILES = {
    billed(of, keys) {
      const unit = data.units[unitOf(of)], sums = unitSums(unitOf(of), keys), unchecked = rounded(sums.exact.unchecked, sums.places);
      const checked = checkedOf(sums);
      if (!checked && !sums.exact.unchecked) return untold(of, "no charge");
      const number = (amount) => money(grouped(amount, sums.places), { unit: of });
      return {
        figure: number(sums.charged + unchecked), exact: plain(sums.exact.charged + sums.exact.unchecked), unit,
        notes: [of !== "USD" && dollarsOf(sums, "charged", "unchecked"),
          unchecked ? `${number(sums.charged)} checked + ${number(unchecked)} not checkable` : `in ${count(checked, "checked request")}`],
      };
    },
    expected(of, keys) {
      const sums = unitSums(unitOf(of), keys), owed = rounded(sums.exact.unreported, sums.places);
      const number = (amount) => money(grouped(amount, sums.places), { unit: of }), unreported = owed && `${number(owed)} for what reports no charge`;
      if (!checkedOf(sums)) return { ...untold(of, NOT_CHECKED), notes: [...untold(of, NOT_CHECKED).notes, unreported] };
      return {
        figure: number(sums.expected), exact: plain(sums.exact.expected),
        notes: [of !== "USD" && dollarsOf(sums, "expected"), "by the rate card in force", unreported && `+ ${unreported}`],
      };
    },
    variance(of, keys) {
      const sums = unitSums(unitOf(of), keys), wrong = sums.list.reduce((total, row) => total + row.wrong, 0);
      const exact = sums.exact.charged - sums.exact.expected;
      if (!checkedOf(sums)) return untold(of, NOT_CHECKED);
      return {
        figure: money(signed(sums.variance, sums.places), { unit: of }), exact: plain(exact), style: wrong ? tone(sums.variance) : "",
        notes: [sums.expected && sums.variance && `${percent(sums.variance, sums.expected, 2)} of expected`,
          `${count(wrong, "request")} beyond the tolerance of ${data.units[unitOf(of)].tolerance}`],
      };
    },
    spend(of, keys) {
      const currency = data.currencies[currencyOf(of)], list = rowsOf(keys).filter((row) => row.currency === currencyOf(of));
      const amount = list.reduce((total, row) => total + told(row, row.spend), 0n);
      const whole = rows.filter((row) => row.currency === currencyOf(of)).reduce((total, row) => total + told(row, row.spend), 0n);
      if (isUnknown(list)) return { figure: "\u2014", exact: "", notes: ["no request of known cost"] };
      return {
        figure: money(grouped(shown(amount, currency.places), currency.places), currency), exact: exactly(amount),
        notes: [whole && `${percent(amount, whole, 1).replace("+", "")} of all spend`],
      };
    },
    budget: () => ({ figure: "\u2014", exact: "", notes: ["of the whole month: not told under a filter"] }),
    cost(of, keys) {
      const currency = data.currencies[currencyOf(of)], list = rowsOf(keys).filter((row) => row.currency === currencyOf(of));
      const own = currency.isDollars ? rowsOf(keys) : list, known = own.reduce((total, row) => total + row.known, 0);
      const [cost, spend] = ["cost", "spend"].map((key) => list.reduce((total, row) => total + told(row, row[key]), 0n));
      const per = cost * 1000n / BigInt(known || 1), places = fewest(per), left = spend - cost;
      return {
        figure: known ? money(grouped(shown(per, places), places), currency) : "\u2014", exact: "",
        notes: [`over ${count(known, "answered request")} of known cost`,
          left && `failed or repeated ones, ${money(grouped(shown(left, fewest(left)), fewest(left)), currency)}, left out`],
      };
    },
  };
  function percent(part, whole, places) {
    const scaled = (part * 100n * 10n ** BigInt(FINE)) / whole;
    return `${signed(rounded(scaled, places), places)}\u00a0%`;
  }

  // ---- tables
  function fillCauses(table, keys) {
    const unit = unitOf(table.dataset.unit), { places, variance, exact } = unitSums(unit, keys);
    const sums = new Map(causeSums(unit, keys).map((each) => [each.cause, each]));
    for (const row of all(".row", table)) {
      const rule = row.cells[1].dataset.exact, each = rule ? sums.get(rule) : { shown: variance, exact: exact.charged - exact.expected };
      row.hidden = !each;
      if (!each) continue;
      if (each.requests) fill(row.cells[2], each.requests.toLocaleString("en-US"), String(each.requests));
      fill(row.cells[3], signed(each.shown, places), plain(each.exact));
      row.cells[3].className = "number " + tone(each.exact);
    }
  }
  /** Per bin and series of a chart what was spent, exactly and as shown: every running sum is the exact one, rounded. */
  function spent(index, series, keys) {
    const { places } = data.currencies[index], exact = new Map(binsOf(keys).map((bin) => [bin, series.map(() => 0n)]));
    const place = new Map(series.flatMap((names, number) => names.map((name) => [name, number])));
    for (const row of rowsOf(keys)) {
      const cells = exact.get(data.bins[row.bin]);
      if (row.currency === index && cells && place.has(row.name)) cells[place.get(row.name)] += told(row, row.spend);
    }
    let sum = 0n;
    return [...exact].map(([bin, cells]) => {
      const amounts = cells.map((amount) => {
        const before = shown(sum, places);
        sum += amount;
        return shown(sum, places) - before;
      });
      return { bin, exact: cells, shown: amounts, sum, sumShown: shown(sum, places) };
    });
  }
  const title = new Map(all("figure.so_far").map((figure) => [figure, figure.querySelector("figcaption p").textContent]));
  /** Without the budget and the forecast of the whole month, the line above a chart says what it shows. */
  function fillTitle(figure, keys) {
    const id = figure.querySelector(".plot").dataset.unit, index = currencyOf(id), currency = data.currencies[index];
    const days = spent(index, seriesOf(id), keys), last = days[days.length - 1];
    const time = last && (days.length > 1 ? `${days[0].bin} to ${last.bin}` : last.bin);
    const part = last ? `${money(grouped(last.sumShown, currency.places), currency)}, ${time}` : "No day is chosen";
    figure.querySelector("figcaption p").textContent = keys.any ? part : title.get(figure);
  }
  const seriesOf = (id) => JSON.parse(Tally.byId(`by-day-${id}-figure`).textContent).data.map((trace) => trace.meta.names);
  const total = (amounts) => amounts.reduce((all_, each) => all_ + each, 0n);
  function fillDays(table, keys) {
    const index = currencyOf(table.dataset.unit), { places } = data.currencies[index];
    const days = new Map(spent(index, seriesOf(table.dataset.unit), keys).map((each) => [each.bin, each]));
    const put = (cell, amount, exact) => fill(cell, grouped(amount, places), exactly(exact));
    for (const row of all(".row", table)) {
      const day = days.get(row.cells[0].dataset.exact);
      if (!day || row.hidden) continue;
      if (table.matches(".so_far")) {
        if (row.cells[1].dataset.exact !== "spent") continue;
        put(row.cells[2], total(day.shown), total(day.exact));
        put(row.cells[3], day.sumShown, day.sum);
        continue;
      }
      day.shown.forEach((amount, number) => put(row.cells[number + 1], amount, day.exact[number]));
      put(row.cells[day.shown.length + 1], total(day.shown), total(day.exact));
    }
  }
  function fillFindings(keys) {
    for (const row of all("#findings .row")) {
      const id = row.cells[0].dataset.exact, part = data.parts.find((each) => each[3] === id);
      if (!part || !data.findings[id]) continue;
      const unit = data.units[part[0]], days = data.findings[id].filter(([bin]) => !keys.day || keys.day.has(data.bins[bin]));
      const exact = days.reduce((sum_, [, , , amount]) => sum_ + pico(amount), 0n);
      const requests = days.reduce((sum_, [, , number]) => sum_ + number, 0), isKnown = days.every(([, value]) => value >= 0);
      const dollars = days.reduce((sum_, [, value, , amount]) => sum_ + (value < 0 ? 0n : pico(amount) * values[value]), 0n);
      fill(row.cells[4], requests.toLocaleString("en-US"), String(requests));
      fill(row.cells[5], signed(keys.day ? rounded(exact, unit.places) : pico(part[5]), unit.places), plain(exact));
      const last = row.cells[row.cells.length - 1];
      if (!isKnown) fill(last, "\u2014", "");
      else fill(last, inDollars(dollars, signed), exactly(dollars));
    }
  }

  // ---- charts
  /** The axis of the days that are shown; of all of them, as the figure has it. */
  function axis({ layout: { xaxis } }, days, { day }, side) {
    if (!day || xaxis.type !== "date" || !days.length) return xaxis;
    const edge = (bin, hours) => new Date(Date.parse(bin + "T00:00Z") + hours * 3600_000).toISOString().slice(0, 16).replace("T", " ");
    const more = 24 * Math.max(0, DAYS - days.length);
    return { ...xaxis, range: [edge(days[0].bin, -side), edge(days[days.length - 1].bin, side + more)] };
  }
  const number = (amount, places) => Number(digits(amount, places)); // to draw, no more
  function causes(figure, id, keys) {
    const unit = unitOf(id), { places, variance } = unitSums(unit, keys), { most } = figure.layout.meta;
    const found = causeSums(unit, keys), rest = found.slice(most);
    const bars = found.slice(0, most).map((each) => [each.cause, data.causes[each.cause] ?? figure.layout.meta.labels[each.cause] ?? each.cause, each.shown]);
    if (rest.length) bars.push(["other", count(rest.length, "smaller cause"), total(rest.map((each) => each.shown))]);
    bars.push(["total", "Variance in total", variance]);
    const [trace] = figure.data, slots = Math.max(bars.length, 3), height = AROUND + STEP * slots;
    const y = bars.map(([cause]) => cause), text = ([, label, amount]) => `${label}: ${signed(amount, places)} ${data.units[unit].name}`;
    const escaped = (label) => label.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("%", "&#37;");
    const drawn = {
      ...trace, y, x: bars.map(([, , amount]) => number(amount, places)), width: 16 / STEP,
      measure: bars.map((_, index) => (index < bars.length - 1 ? "relative" : "total")), hovertext: bars.map((bar) => escaped(text(bar))),
      customdata: bars.map(([, , amount]) => digits(amount, places)),
      increasing: { marker: { color: colour("variance") } }, decreasing: { marker: { color: colour("charged") } },
      totals: { marker: { color: colour("muted") } }, connector: { line: { width: 1, color: colour("strong-line") } },
    };
    const annotations = bars.map(([cause, label, amount]) => ({ // its name and sum, above its left end
      text: `${escaped(label)}  <b>${signed(amount, places)}</b>`, showarrow: false, bgcolor: colour("card"),
      xref: "paper", x: 0, xanchor: "left", xshift: 3, yref: "y", y: cause, yshift: 19, borderpad: 1,
    }));
    const yaxis = { ...figure.layout.yaxis, categoryarray: y, range: [slots - 0.5, -0.7] };
    return [[drawn], { ...figure.layout, height, yaxis, annotations }, found.length];
  }
  function stack(figure, id, keys) {
    const index = currencyOf(id), { places } = data.currencies[index], days = spent(index, seriesOf(id), keys);
    const traces = figure.data.map((trace, at) => ({
      ...trace, x: days.map((each) => each.bin), y: days.map((each) => number(each.shown[at], places)),
      customdata: days.map((each) => money(grouped(each.shown[at], places), data.currencies[index])),
      marker: { color: colour(trace.meta.color), line: { width: 0.5, color: colour("card") } },
      visible: days.some((each) => each.exact[at]) || !isFiltered(),
    }));
    return [traces, { ...figure.layout, xaxis: axis(figure, days, keys, 12), height: HEIGHT }, days.some((each) => each.exact.some(Boolean)) ? 1 : 0];
  }
  const ROLES = { spent: "series-1", forecast: "series-1", budget: "series-2", band: "series-3" };
  function so_far(figure, id, keys) {
    const index = currencyOf(id), { places } = data.currencies[index], days = spent(index, seriesOf(id), keys);
    const traces = figure.data.filter((trace) => trace.meta.role === "spent" || !keys.any).map((trace) => {
      const own = colour(ROLES[trace.meta.role]), line = { ...trace.line, color: own };
      if (trace.meta.role === "band") return { ...trace, line: { width: 0 }, fillcolor: `${own}40` };
      if (trace.meta.role !== "spent") return { ...trace, line };
      return {
        ...trace, line, marker: { color: own }, x: days.map((each) => each.bin), y: days.map((each) => number(each.sumShown, places)),
        mode: days.length > 1 ? "lines" : "lines+markers",
      };
    });
    return [traces, { ...figure.layout, xaxis: axis(figure, days, keys, 1), height: HEIGHT }, days.length];
  }

  Tally.begin({
    allowed, summary, charts: { causes, stack, so_far },
    fill: (keys, filter) => {
      for (const tile of original.keys()) fillTile(tile, keys, filter);
      for (const table of all("table.causes")) fillCauses(table, keys);
      for (const table of all("table.stack, table.so_far")) fillDays(table, keys);
      for (const figure of title.keys()) fillTitle(figure, keys);
      fillFindings(keys);
    },
  });
}
