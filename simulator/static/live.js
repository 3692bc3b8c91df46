// Keeps pushes and answers, and a phone's messages, current without a reload.
"use strict";
(() => {
  const column = document.querySelector("[data-traffic]");
  if (!column) return;
  const opened = () => [...column.querySelectorAll("details[open]")].map((one) => one.id);
  let shown = "";
  const refresh = async () => {
    const answer = await fetch(column.dataset.traffic);
    if (!answer.ok) return;
    const text = await answer.text();
    if (text === shown) return;
    shown = text;
    const kept = opened();
    column.innerHTML = text;
    kept.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  };
  refresh();
  setInterval(() => refresh().catch(() => undefined), 1500);
})();
