// Builds elements. Text only ever becomes text nodes, so nothing that a call, tool or receiver says is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: `h("a.button", {href, onclick}, "text", child)`. */
export function h(description, properties, ...children) {
  const [tag, ...classes] = description.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  return fill(element, properties, children);
}

/** Return an SVG element. */
export function s(description, properties, ...children) {
  const [tag, ...classes] = description.split(".");
  const element = document.createElementNS(SVG, tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  return fill(element, properties, children);
}

function fill(element, properties, children) {
  if (properties !== null && typeof properties === "object" && !isChild(properties)) {
    for (const [name, value] of Object.entries(properties)) set(element, name, value);
  } else {
    children.unshift(properties);
  }
  append(element, children);
  return element;
}

function isChild(value) {
  return value instanceof Node || Array.isArray(value);
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
  else if (name === "href") element.setAttribute("href", safeAddress(value));
  else element.setAttribute(name, value === true ? "" : value);
}

// Addresses come from calls and tools too; of those only web pages are linked to.
function safeAddress(value) {
  return /^(#|\/(?!\/)|https?:\/\/)/.test(value) ? value : "#";
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Make these the only children of an element. */
export function show(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

const PATHS = {
  back: "M10 3 5 8l5 5",
  close: "m4 4 8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  hangup: "M2 9.5c3.5-3.3 8.5-3.3 12 0l-1.7 2-2.5-1.1V8.2a8 8 0 0 0-3.6 0v2.2l-2.5 1.1z",
  next: "m6 3 5 5-5 5",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14",
  tool: "m9.5 4.5 3.5 3.5-3.5 3.5M6.5 4.5 3 8l3.5 3.5",
};

/** Return an icon, which says nothing to a screen reader. */
export function icon(name) {
  return s("svg.icon", { viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));
}

export function button(label, onclick, { kind = "", iconName, ...more } = {}) {
  const classes = `button${kind && `.${kind}`}`;
  return h(`button.${classes}`, { type: "button", onclick, ...more }, iconName && icon(iconName), h("span", label));
}

/** Say something at the edge of the page for a moment. */
export function toast(text, kind = "") {
  const note = h(`div.toast${kind && `.${kind}`}`, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 5000);
}

export async function copy(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard, but there is a selection.
    const area = h("textarea.offscreen", { value: text, "aria-label": "Copied text" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(what);
}

/** Return a function that runs `work` once, `milliseconds` after the first of a burst of calls. */
export function debounced(milliseconds, work) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}
