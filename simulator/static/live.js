// Keeps the column of pushes and answers current without a reload.
"use strict";
(() => {
  const column = document.querySelector("[data-traffic]");
  if (!column) return;
  const opened = () => [...column.querySelectorAll("details[open]")].map((one) => one.id);
  const refresh = async () => {
    const answer = await fetch(column.dataset.traffic);
    if (!answer.ok) return;
    const kept = opened();
    column.innerHTML = await answer.text();
    kept.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  };
  refresh();
  setInterval(() => refresh().catch(() => undefined), 1500);
})();
