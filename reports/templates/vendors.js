"use strict";
// The vendors: a filter leaves out SKUs. The list price and what is cheapest stay those of all vendors.
{
  const { data, count, colour } = Tally;
  const WHOLE = "The answer on top, the list price and where the cheapest changes stay those of all vendors.";
  const STEP = 46, AROUND = 58; // pixels: from bar to bar, and around the bars
  const LOWEST = 380, HIGHEST = 560; // pixels: of the chart of lines, which is else as high as the bars beside it

  /** Whether what is known by these keys is shown, as a row of a table is. */
  const isAllowed = (under, allowed) => Object.entries(allowed).every(([field, keys]) =>
    !under[field] || under[field].some((key) => keys.has(key)));

  function summary(allowed) {
    const shown = data.offers.filter((under) => isAllowed(under, allowed));
    const models = new Set(shown.flatMap((under) => under.model));
    return `${shown.length} of ${count(data.offers.length, "offer")}, of ${count(models.size, "model")}. ${WHOLE}`;
  }

  // ---- charts
  function totals(figure, unit, allowed) {
    const { rows, list } = figure.layout.meta;
    const kept = rows.filter((row) => isAllowed(row.under, allowed)), bars = new Set(kept.map((row) => row.bar));
    const slots = Math.max(kept.length, 2);
    const traces = figure.data.map((trace) => {
      const pick = (values) => values.filter((_, index) => bars.has(trace.y[index]));
      const line = { width: trace.meta.is_range ? 2 : 0, color: colour(trace.meta.color) };
      const marker = { color: colour(trace.meta.is_range ? "card" : trace.meta.color), line };
      const [y, x, base, hovertext] = [trace.y, trace.x, trace.base, trace.hovertext].map(pick);
      return { ...trace, y, x, base, hovertext, marker, width: 16 / STEP };
    });
    const annotations = kept.map(({ bar, label, figure: cost }) => ({ // its cost and name, above its left end: a long name is cut, a figure never
      text: `<b>${cost}</b>  ${label}`, showarrow: false, bgcolor: colour("card"), xref: "paper", x: 0, xanchor: "left",
      xshift: 3, yref: "y", y: bar, yshift: 19, borderpad: 1,
    }));
    const yaxis = { ...figure.layout.yaxis, categoryarray: kept.map((row) => row.bar), categoryorder: "array", range: [slots - 0.5, -0.7] };
    const layout = { ...figure.layout, height: AROUND + STEP * slots, yaxis, annotations, ...mark(list, annotations, figure) };
    return [traces, layout, kept.length];
  }
  function shares(figure, unit, allowed) {
    const traces = figure.data.filter(({ meta }) => meta.is_flip || meta.under.some((under) => isAllowed(under, allowed)));
    const lines = traces.filter(({ meta }) => !meta.is_flip);
    const others = lines.filter(({ meta }) => meta.color === "other"); // in one colour, so that one line of the legend says it
    const legend = (trace) => others.length > 1 && trace.meta.color === "other"
      ? { name: `${others.length} others, all in the table`, showlegend: trace === others[0] } : {};
    const drawn = traces.map((trace) => trace.meta.is_flip
      ? { ...trace, marker: { symbol: "circle-open", size: 11, color: colour(trace.meta.color), line: { width: 2 } } }
      : { ...trace, ...legend(trace), line: { color: colour(trace.meta.color), width: 2.5, dash: trace.meta.is_assumed ? "dot" : "solid" } });
    const height = Math.min(Math.max(AROUND + STEP * figure.layout.meta.offers, LOWEST), HIGHEST);
    return [drawn, { ...figure.layout, height, ...mark(figure.layout.meta.now, [], figure) }, lines.length];
  }
  /** A line upright through the chart, with its words above. */
  function mark(place, annotations, figure) {
    if (!place) return { annotations };
    const isRight = place.x > figure.layout.xaxis.range[1] / 2;
    const words = { text: place.text, showarrow: false, x: place.x, xref: "x", xanchor: isRight ? "right" : "left",
      y: 1, yref: "paper", yanchor: "bottom", font: { color: colour("muted") } };
    const line = { type: "line", x0: place.x, x1: place.x, xref: "x", y0: 0, y1: 1, yref: "paper",
      line: { color: colour("strong-line"), width: 1.5, dash: "dash" }, layer: "above" };
    return { annotations: [...annotations, words], shapes: [line] };
  }

  Tally.begin({ summary, charts: { totals, shares } });
}
