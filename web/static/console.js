// Keeps a corp's page live: asks for the changing parts and changes only what differs,
// so that scrolling, selection and unfolded departments stay as the reader left them.
"use strict";

const POLL_MS = 2000;
const SLOWEST_MS = 30000;
const page = document.querySelector(".page");

/* Relative times ------------------------------------------------------------------ */

const relative = new Intl.RelativeTimeFormat(page.dataset.language, { numeric: "always" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function tellAges() {
  for (const time of page.querySelectorAll("time[data-ago]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
    const [unit, size] = UNITS.find(([, length]) => seconds >= length) || UNITS[3];
    const text = relative.format(-Math.floor(seconds / size), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}

/* Changing what differs ----------------------------------------------------------- */

function keyOf(node, index) {
  if (node.nodeType !== Node.ELEMENT_NODE) return `#${node.nodeType}:${index}`;
  return node.dataset.key || `${node.tagName}:${index}`;
}

function childrenByKey(parent) {
  const kinds = new Map();
  return [...parent.childNodes]
    .filter((node) => node.nodeType === Node.ELEMENT_NODE || node.data.trim())
    .map((node) => {
      const kind = node.nodeType === Node.ELEMENT_NODE ? node.tagName : "#text";
      const index = kinds.get(kind) || 0;
      kinds.set(kind, index + 1);
      return [keyOf(node, index), node];
    });
}

function bringAttributes(old, wanted) {
  for (const { name } of [...old.attributes]) {
    const isReaders = name === "open" || (name === "class" && old.classList.contains("fresh"));
    if (!wanted.hasAttribute(name) && !isReaders) old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    // Whether a department is unfolded is the reader's choice, not the server's.
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function bring(old, wanted) {
  const before = new Map(childrenByKey(old));
  let at = null;
  for (const [key, next] of childrenByKey(wanted)) {
    let child = before.get(key);
    before.delete(key);
    if (!child || child.nodeName !== next.nodeName) {
      if (child) child.remove();
      child = next.cloneNode(true);
      if (child.dataset && child.dataset.key && !isUnfolding) child.classList.add("fresh");
    } else if (child.nodeType !== Node.ELEMENT_NODE) {
      if (child.data !== next.data) child.data = next.data;
    } else if (!child.isEqualNode(next)) {
      bringAttributes(child, next);
      if (!child.hasAttribute("data-ago") || child.dateTime !== next.dateTime) bring(child, next);
    }
    const place = at ? at.nextSibling : old.firstChild;
    if (child !== place) old.insertBefore(child, place);
    at = child;
  }
  for (const gone of before.values()) gone.remove();
}

/* Asking ---------------------------------------------------------------------------- */

const inFull = new Set();
let wait = POLL_MS;
let timer = 0;
let etag = "";
// While the reader unfolds something, what appears is not news.
let isUnfolding = false;

function openDepartments() {
  const open = page.querySelectorAll("details[data-department][open]");
  return [...open].map((details) => details.dataset.department).slice(0, 200);
}

function address() {
  const asked = new URLSearchParams({ open: openDepartments().join(",") });
  if (inFull.size) asked.set("all", [...inFull].slice(0, 200).join(","));
  return `${page.dataset.live}?${asked}`;
}

function show(parts) {
  for (const name of ["status", "journal", "tree"]) {
    const wanted = document.createElement("template");
    wanted.innerHTML = parts[name];
    bring(document.getElementById(name), wanted.content);
  }
  tellAges();
}

async function ask() {
  clearTimeout(timer);
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(address(), { headers, redirect: "error", cache: "no-store" });
    if (answer.status === 200) {
      show(await answer.json());
      isUnfolding = false;
      etag = answer.headers.get("ETag") || "";
    } else if (answer.status !== 304) {
      throw new Error(`status ${answer.status}`);
    }
    document.getElementById("offline").hidden = true;
    wait = POLL_MS;
  } catch {
    document.getElementById("offline").hidden = false;
    wait = Math.min(wait * 2, SLOWEST_MS);
  }
  if (!document.hidden) timer = setTimeout(ask, wait);
}

function unfold() {
  isUnfolding = true;
  ask();
}

tellAges();
setInterval(tellAges, 1000);

if (page.dataset.live) {
  page.addEventListener("toggle", (event) => {
    const details = event.target;
    const isEmpty = details.open && !details.querySelector("ul > li");
    if (details.dataset.department && isEmpty) unfold();
  }, true);
  page.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-all]");
    if (!button) return;
    inFull.add(button.dataset.all);
    unfold();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
  timer = setTimeout(ask, POLL_MS);
}
