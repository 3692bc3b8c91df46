// Keeps the page of an install live; without it the page reloads itself.
"use strict";

const POLL_MS = 1000;
const SLOWEST_MS = 15000;
const page = document.getElementById("install");
let wait = POLL_MS;
let shown = "";

async function look() {
  try {
    const answer = await fetch(page.dataset.live, { redirect: "error", cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { html, over } = await answer.json();
    // A screen reader hears what changed, and only then.
    if (html !== shown) page.innerHTML = html;
    shown = html;
    document.getElementById("offline").hidden = true;
    wait = POLL_MS;
    if (over) return;
  } catch {
    document.getElementById("offline").hidden = false;
    wait = Math.min(wait * 2, SLOWEST_MS);
  }
  setTimeout(look, wait);
}

if (page.dataset.live) setTimeout(look, POLL_MS);
