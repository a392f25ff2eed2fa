// Bars over days or months, drawn as SVG, with a table of the same for those who do not see them.

import { h, s } from "./dom.js";

const LOW = 180;
const HIGH = 320;
const ROOMY = "(min-width: 1900px) and (min-height: 1000px)";
const TOP = 16;
const BOTTOM = 22;

/** Return a chart of `bars`, each `{label, title, value, strong}`; `format` writes a value. */
export function barChart(bars, { label, format, every = 1 }) {
  const most = niceCeiling(Math.max(...bars.map((bar) => bar.value), 0));
  const height = matchMedia(ROOMY).matches ? HIGH : LOW;
  const room = height - TOP - BOTTOM;
  const step = 100 / bars.length;
  const y = (value) => TOP + room - (value / most) * room;
  const lines = [0, most / 2, most];
  const chart = s(
    "svg.chart",
    { role: "img", "aria-label": label, height, width: "100%" },
    lines.map((value) => [
      s("line.grid", { x1: "0", x2: "100%", y1: y(value), y2: y(value) }),
      s("text.axis", { x: "-10", y: y(value) + 4, "text-anchor": "end" }, format(value)),
    ]),
    bars.map((bar, index) => s(
      "g.bar",
      {},
      s("title", {}, `${bar.title}: ${format(bar.value)}`),
      s("rect.hover", { x: `${index * step}%`, width: `${step}%`, y: TOP, height: room }),
      s(`rect.value${bar.strong ? ".strong" : ""}`, {
        x: `${index * step + step * 0.16}%`,
        width: `${step * 0.68}%`,
        y: y(bar.value),
        height: Math.max(room + TOP - y(bar.value), bar.value > 0 ? 1.5 : 0),
        rx: 2,
      }),
      index % every === 0 && s("text.axis", { x: `${(index + 0.5) * step}%`, y: height - 6, "text-anchor": "middle" }, bar.label),
    )),
  );
  return h("figure.figure", chart, h("table.offscreen", h("caption", label), h("tbody", bars.map((bar) => h("tr", h("th", { scope: "row" }, bar.title), h("td", format(bar.value)))))));
}

function niceCeiling(value) {
  if (value <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].map((factor) => factor * size).find((each) => each >= value);
}
