// Draws the history of the first page with uPlot, on one time axis, marked with what happened.
"use strict";

const section = document.getElementById("charts");
const marks = section.querySelector(".marks").dataset;
const plots = new Map();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function drawMarks(told) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = "11px system-ui";
    for (const mark of told) {
      const from = Math.max(bbox.left, plot.valToPos(mark.from, "x", true));
      const to = Math.min(bbox.left + bbox.width, plot.valToPos(mark.to, "x", true));
      if (to < bbox.left || from > bbox.left + bbox.width) continue;
      ctx.fillStyle = colour(mark.kind === "deploy" || mark.kind === "act" ? "accent" : "bad");
      ctx.globalAlpha = 0.15;
      if (to - from > 2) ctx.fillRect(from, bbox.top, to - from, bbox.height);
      ctx.globalAlpha = 0.9;
      ctx.fillRect(from, bbox.top, 1.5, bbox.height);
      ctx.fillText(marks[mark.kind], from + 3, bbox.top + 10 + 11 * (told.indexOf(mark) % 4));
    }
    ctx.restore();
  };
}

function draw(figure, told) {
  const lines = figure.dataset.lines.split("|");
  const place = figure.querySelector(".plot");
  if (!place) return;
  const data = [told.at, ...told.charts[figure.dataset.chart]];
  const known = plots.get(figure.dataset.chart);
  if (known && known.theme === document.documentElement.dataset.theme) return known.plot.setData(data);
  place.replaceChildren();
  const { zone, language } = document.getElementById("main").dataset;
  const days = told.at[told.at.length - 1] - told.at[0] > 129600;
  const clock = new Intl.DateTimeFormat(language, { timeZone: zone, hour12: false, ...(days ? { month: "2-digit", day: "2-digit" } : { hour: "2-digit", minute: "2-digit" }) });
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
  const series = lines.map((label, index) => ({ label, value: (_, value) => value ?? "", stroke: colour(["one", "two", "three"][index]), width: 1.5, dash: [[], [6, 3], [2, 3]][index] }));
  const plot = new uPlot({
    width: place.clientWidth, height: 170, cursor: { sync: { key: "console" } },
    axes: [{ ...axis, values: (_, at) => at.map((each) => clock.format(each * 1000)) }, { ...axis, size: 60 }],
    series: [{ label: marks.until, value: (_, at) => (at === null ? "" : clock.format(at * 1000)) }, ...series], hooks: { draw: [drawMarks(told.marks)] },
  }, data, place);
  plots.set(figure.dataset.chart, { plot, theme: document.documentElement.dataset.theme });
}

async function drawAll() {
  const answer = await fetch(section.dataset.history);
  if (!answer.ok) return;
  const told = await answer.json();
  if (told.at.length > 1) for (const figure of section.querySelectorAll("[data-chart]")) draw(figure, told);
}

drawAll();
setInterval(() => { if (document.hasFocus()) drawAll(); }, 15000);
addEventListener("resize", () => {
  for (const { plot } of plots.values()) plot.setSize({ width: plot.root.parentNode.clientWidth, height: 170 });
});
