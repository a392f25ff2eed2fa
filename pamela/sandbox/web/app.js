// The page: which view is shown, the keyboard, and the choice of a project.

import { openSession, state } from "./api.js";
import { h, show } from "./dom.js";
import { chooseProject, go, href, route } from "./router.js";
import * as stream from "./stream.js";
import "./views/calls.js";

const VIEWS = {
  calls: ["Calls", "calls-view", () => import("./views/calls.js")],
  call: ["Call", "call-view", () => import("./views/call.js")],
  place: ["Place a call", "place-view", () => import("./views/place.js")],
  requests: ["Requests", "requests-view", () => import("./views/requests.js")],
  deliveries: ["Deliveries", "deliveries-view", () => import("./views/deliveries.js")],
  tools: ["Tools", "tools-view", () => import("./views/tools.js")],
  usage: ["Usage", "usage-view", () => import("./views/usage.js")],
  settings: ["Settings", "settings-view", () => import("./views/settings.js")],
  reference: ["Reference", "reference-view", () => import("./views/reference.js")],
};

const SHORTCUTS = [
  ["/", "Search"],
  ["j", "Next row"],
  ["k", "Row before"],
  ["Enter", "Open the row"],
  ["Esc", "Close, or go back"],
  ["c", "Place a call"],
  ["g c", "Calls"],
  ["g r", "Requests"],
  ["g d", "Deliveries"],
  ["g t", "Tools"],
  ["g u", "Usage"],
  ["g s", "Settings"],
  ["g a", "API reference"],
  ["?", "This list"],
];
const PLACES = { c: "calls", r: "requests", d: "deliveries", t: "tools", u: "usage", s: "settings", a: "reference" };

const main = document.getElementById("main");
const sidebar = document.getElementById("sidebar");
const menuButton = document.getElementById("menu-button");
let shown = null;
let view = null;

async function navigate() {
  const where = route();
  const name = where.view === "calls" && where.id ? "call" : where.view in VIEWS ? where.view : "calls";
  const [title, tag, load] = VIEWS[name];
  openMenu(false);
  for (const link of sidebar.querySelectorAll("nav a")) {
    if (link.dataset.view === (name === "call" ? "calls" : name)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name !== "call" || shown !== "call") document.title = `${title} · Pamela sandbox`;
  if (name === shown) {
    view.routed?.(where);
    return;
  }
  const first = shown === null;
  shown = name;
  await load();
  if (shown !== name) return;
  view = document.createElement(tag);
  show(main, view);
  if (!view.source) view.routed?.(where);
  if (!first && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

function showProjects() {
  const select = document.getElementById("project");
  const { projects } = state.session;
  if (state.project && !projects.some((each) => each.id === state.project)) chooseProject("");
  show(select, state.session.is_owners && h("option", { value: "" }, "All projects"), projects.map((each) => h("option", { value: each.id }, each.label)));
  select.value = state.session.is_owners ? state.project : projects[0].id;
}

function openMenu(open) {
  document.body.classList.toggle("menu-open", open);
  menuButton.setAttribute("aria-expanded", String(open));
}

function showHelp() {
  const dialog = h("dialog.help", { "aria-label": "Keyboard shortcuts", onclose: () => dialog.remove(), onclick: (event) => event.target === dialog && dialog.close() },
    h("div.help-body", h("h2", "Keyboard"), h("dl", SHORTCUTS.map(([keys, words]) => h("div", h("dt", keys.split(" ").map((key) => h("kbd", key))), h("dd", words)))),
      h("button.button", { type: "button", onclick: () => dialog.close() }, "Close")));
  document.body.append(dialog);
  dialog.showModal();
}

let before = "";
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (document.querySelector("dialog[open]")) return;
  if (key === "Escape") {
    if (document.body.classList.contains("menu-open")) openMenu(false);
    else if (target.matches("input, textarea, select")) target.blur();
    else view.back?.();
    return;
  }
  if (target.matches("input, textarea, select")) return;
  const sequence = before === "g" ? `g ${key}` : key;
  before = key;
  if (sequence.startsWith("g ") && PLACES[key]) {
    before = "";
    go(href(PLACES[key]));
  } else if (key === "/" && view.search) view.search();
  else if (key === "j") view.move?.(1);
  else if (key === "k") view.move?.(-1);
  else if (key === "c") go(href("place"));
  else if (key === "?") showHelp();
  else return;
  event.preventDefault();
}

addEventListener("hashchange", navigate);
addEventListener("keydown", onKey);
addEventListener("sessionchange", showProjects);
document.getElementById("project").addEventListener("change", (event) => chooseProject(event.target.value));
document.getElementById("help-button").addEventListener("click", showHelp);
menuButton.addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));
document.getElementById("scrim").addEventListener("click", () => openMenu(false));

navigate();
openSession().catch(() => {}).finally(stream.start);
stream.listen((kind) => {
  // A project that has just come into being belongs in the menu.
  if (["project", "clock", "reset", "resync"].includes(kind)) openSession().catch(() => {});
});
