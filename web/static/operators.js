// Makes pages live, and usable without a mouse; without it each is whole.
"use strict";

const main = document.getElementById("main");

/* Changing what differs */

const isBlank = (node) => node.nodeType !== Node.ELEMENT_NODE && !(node.data || "").trim();

function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return "#text";
  return node.dataset.key || node.id || node.tagName;
}

// Children by key; the second of the same is another one.
function childrenByKey(parent) {
  const seen = new Map();
  return [...parent.childNodes].filter((node) => !isBlank(node)).map((node) => {
    const key = keyOf(node);
    const index = seen.get(key) || 0;
    seen.set(key, index + 1);
    return [`${key}:${index}`, node];
  });
}

// The reader's, not the server's.
const READERS = new Set(["open", "value", "hidden"]);

function bringAttributes(old, wanted) {
  for (const { name } of [...old.attributes]) {
    const stays = READERS.has(name) || (name === "class" && old.classList.contains("fresh"));
    if (!wanted.hasAttribute(name) && !stays) old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (!READERS.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

// Who stays is not moved: a node put in anew loses focus and selection.
function bring(old, wanted) {
  const before = new Map(childrenByKey(old));
  const after = childrenByKey(wanted);
  const stays = new Set(after.map(([key]) => key));
  for (const [key, gone] of before) if (!stays.has(key)) gone.remove();
  let place = old.firstChild;
  for (const [key, next] of after) {
    while (place && isBlank(place)) place = place.nextSibling;
    let child = before.get(key);
    if (!child || child.nodeName !== next.nodeName) {
      if (child) { if (child === place) place = place.nextSibling; child.remove(); }
      child = document.importNode(next, true);
      if (child.dataset && child.dataset.key) child.classList.add("fresh");
    } else if (child.nodeType !== Node.ELEMENT_NODE) {
      if (child.data !== next.data) child.data = next.data;
    } else if (!("kept" in child.dataset) && !child.isEqualNode(next)) {
      bringAttributes(child, next);
      bring(child, next);
    }
    if (child === place) place = place.nextSibling;
    else old.insertBefore(child, place);
  }
}

// Focus stays, also on what had to be moved.
function bringMain(wanted) {
  const at = document.activeElement;
  bring(main, wanted);
  if (at && at !== document.activeElement && at.isConnected) at.focus({ preventScroll: true });
}

/* Live */

let stream = null;
let isHeld = false; // by the reader: only the same button ends it
let lastId = "";

function isBusy() {
  const at = document.activeElement;
  const types = at && main.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
  const selects = !(document.getSelection() || { isCollapsed: true }).isCollapsed;
  return types || selects || main.querySelector("input:checked, dialog[open], [data-typed]") !== null;
}

function tellLive(state) {
  const place = document.getElementById("live");
  if (place && place.dataset.state !== state) {
    place.dataset.state = state;
    place.textContent = place.dataset[`live${state}`] || "";
  }
}

function stop(state) {
  if (stream) stream.close();
  stream = null;
  tellLive(state);
}

function follow() {
  if (isHeld || !document.hasFocus() || document.hidden) return stop("Off");
  if (isBusy()) return stop("Held");
  if (stream) return;
  stream = new EventSource(location.href.split("#")[0]);
  stream.onopen = () => tellLive("On");
  stream.onerror = () => {
    // What is no stream (a proxy's 502, the sign-in) ends it for good: ask anew.
    if (stream && stream.readyState === EventSource.CLOSED) stream = null;
    tellLive("Away");
  };
  stream.addEventListener("away", () => tellLive("Away"));
  stream.onmessage = (event) => {
    tellLive("On");
    // Meanwhile the reader may have begun something.
    if (event.lastEventId === lastId || isBusy()) return;
    lastId = event.lastEventId;
    const wanted = document.createElement("template");
    wanted.innerHTML = event.data;
    const live = document.getElementById("live");
    const told = wanted.content.getElementById("live");
    if (live && told) { told.dataset.state = live.dataset.state || ""; told.textContent = live.textContent; }
    bringMain(wanted.content);
    equip();
    document.dispatchEvent(new Event("brought"));
  };
}

if (window.EventSource && "live" in main.dataset) {
  for (const name of ["focus", "blur"]) window.addEventListener(name, follow);
  for (const name of ["visibilitychange", "selectionchange", "focusin", "focusout", "change"]) document.addEventListener(name, () => setTimeout(follow));
  main.addEventListener("input", (event) => event.target.toggleAttribute("data-typed", event.target.value !== ""));
  setInterval(follow, 2000);
  follow();
}

/* What only a script can do */

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain http has no clipboard; a selection can be copied.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

function equip() {
  for (const button of document.querySelectorAll("button[data-copy][hidden], #hold[hidden], #show-keys[hidden]")) button.hidden = false;
  const hold = document.getElementById("hold");
  if (hold) hold.textContent = isHeld ? hold.dataset.go : hold.dataset.hold;
}
equip();

const pageOf = ({ pathname, search }) => pathname + search;
let shown = pageOf(location);

// A tree unfolds in place; without a script the link leads to the same page anew.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { redirect: "error" }).catch(() => null);
  if (!answer || !answer.ok) { location.assign(link.href); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  history.pushState(null, "", link.href);
  shown = pageOf(location);
  bringMain(page.getElementById("main"));
  equip();
  if (stream) stop("Off");
  lastId = "";
  follow();
});
// A jump within the page is told as `popstate`, too.
addEventListener("popstate", () => { if (pageOf(location) !== shown) location.reload(); });

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) {
    await copy(button.dataset.copy);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  } else if (button.id === "hold") {
    isHeld = !isHeld;
    equip();
    follow();
  } else if (button.id === "show-keys") {
    document.getElementById("keys").showModal();
  }
});

/* Keys */

// Single keys can be in the way of those who speak to their machine (WCAG 2.1.4).
const single = document.getElementById("single-keys");
try { single.checked = localStorage.getItem("single-keys") !== "off"; } catch { /* no storage: they stay on */ }
single.addEventListener("change", () => {
  try { localStorage.setItem("single-keys", single.checked ? "on" : "off"); } catch { /* for this page alone */ }
});

const PLACES = { o: "overview", c: "corps", e: "events", p: "plans", r: "runs", q: "queues", x: "refused", a: "alerts", w: "operators", l: "audit" };
let isGoing = false;

function toSearch(event) {
  event.preventDefault();
  document.getElementById("q").focus();
  document.getElementById("q").select();
}

function step(by) {
  const links = [...main.querySelectorAll("tbody th a, .problems a, .lines > li a, .tree a")];
  const at = links.indexOf(document.activeElement);
  const next = links[Math.max(0, Math.min(links.length - 1, at + by))];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return toSearch(event);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && document.activeElement.id === "q") return main.focus();
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  if (!single.checked) return;
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`[data-place="${PLACES[event.key]}"]`);
    if (link) link.click();
    return;
  }
  if (event.key === "g") { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); }
  else if (event.key === "/") toSearch(event);
  else if (event.key === "?") document.getElementById("keys").showModal();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

/* Completion */

const field = document.getElementById("q");
let asked = 0;
if (field) field.addEventListener("input", () => {
  clearTimeout(asked);
  asked = setTimeout(async () => {
    const answer = await fetch(`${field.dataset.words}?${new URLSearchParams({ q: field.value })}`);
    if (!answer.ok) return;
    const options = (await answer.json()).words.map((word) => new Option(word, word));
    document.getElementById("q-words").replaceChildren(...options);
  }, 150);
});
