"use strict";
// The rate card: the kind of token that is chosen hides the columns of all others, and picks what is drawn.
{
  const { all, data, count, colour } = Tally;
  const AROUND = 56, STEP = 46, HEIGHT = 264, LEGEND = 40; // pixels: around bars, from bar to bar, of lines and of a name below
  const COLOURS = 4;
  const WHOLE = "The sentences above are of all SKUs.";

  const shownRows = (id) => all(`#${id} .row:not([hidden])`);
  function summary() {
    return `${count(shownRows("rates").length, "rate")} and ${count(shownRows("changes").length, "change")} are shown. ${WHOLE}`;
  }
  const allows = (allowed, field, keys) => !allowed[field] || keys.some((key) => allowed[field].has(key));

  function shares(figure, unit, allowed, { kind }) {
    const [trace] = figure.data, { labels } = figure.layout.meta, drawnKind = kind || "input";
    const kept = trace.customdata.map(([, sku, provider, ownKind]) =>
      ownKind === drawnKind && allows(allowed, "sku", [sku]) && allows(allowed, "provider", [provider]));
    const pick = (values) => values.filter((_, index) => kept[index]);
    const bars = pick(trace.y), points = pick(trace.customdata), names = figure.layout.yaxis.categoryarray.filter((bar) => bars.includes(bar));
    const slots = Math.max(names.length, 2);
    const annotations = bars.map((bar, index) => ({ // its name and share, above its left end
      text: `${labels[bar]}  <b>${points[index][0]} %</b>`, showarrow: false, bgcolor: colour("card"),
      xref: "paper", x: 0, xanchor: "left", xshift: 3, yref: "y", y: bar, yshift: 19, borderpad: 1,
    }));
    const line = { color: colour("muted"), width: 1.5, dash: "dash" };
    const shapes = [{ type: "line", xref: "x", x0: 100, x1: 100, yref: "paper", y0: 0, y1: 1, line }];
    annotations.push({ text: "list price", showarrow: false, xref: "x", x: 100, yref: "paper", y: 1, yanchor: "bottom",
      font: { color: colour("muted") } });
    const values = pick(trace.x), color = values.map((value) => colour(value > 100 ? "variance" : "charged"));
    const drawn = { ...trace, y: bars, x: values, customdata: points, hovertext: pick(trace.hovertext),
      marker: { color, line: { width: 0 } }, width: 16 / STEP };
    const yaxis = { ...figure.layout.yaxis, categoryarray: names, range: [slots - 0.5, -0.7] };
    const xaxis = { ...figure.layout.xaxis, range: [0, Math.max(110, ...values.map((value) => value * 1.05))] };
    return [[drawn], { ...figure.layout, height: AROUND + STEP * slots, xaxis, yaxis, annotations, shapes }, names.length];
  }

  /** The lines of the chosen kind; of the first that changed, where none is chosen and no SKU either. */
  function history(figure, unit, allowed, filter) {
    const ruled = figure.data.filter(({ meta }) => ["sku", "provider", "kind"].every((field) => allows(allowed, field, meta[field])));
    const first = data.kinds.find((kind) => ruled.some(({ meta }) => meta.kind[0] === kind));
    const lines = filter.sku ? ruled : ruled.filter(({ meta }) => meta.kind[0] === first);
    const traces = lines.map((trace, index) => {
      const color = colour(index < COLOURS ? `series-${index + 1}` : "other");
      return { ...trace, line: { ...trace.line, color } };
    });
    const below = LEGEND * traces.length, margin = { ...figure.layout.margin, b: 40 + below };
    return [traces, { ...figure.layout, margin, height: HEIGHT + below }, traces.length];
  }

  Tally.begin({
    summary, charts: { shares, history },
    fill: (allowed, { kind }) => {
      for (const each of data.kinds) {
        for (const cell of all(`.kind-${each}`)) cell.hidden = Boolean(kind) && kind !== each;
      }
    },
  });
}
