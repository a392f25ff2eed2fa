// JSON and programs, coloured, with a button that copies them.

import { copy, h, icon, show } from "./dom.js";

const JSON_PARTS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const PROGRAM_PARTS =
  /(#[^\n]*)|('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\b(from|import|with|as|for|in|print|def|return|curl|pip|export|python|True|False|None)\b/g;
const LONGEST_COLOURED = 100_000;

/** Return a value as JSON over several lines. */
export const pretty = (value) => JSON.stringify(value, null, 2);

/** Return text that may be JSON as a value, or undefined. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function coloured(text, parts, classOf) {
  if (text.length > LONGEST_COLOURED) return [text];
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(parts)) {
    nodes.push(text.slice(end, found.index));
    const kind = classOf(found);
    const [whole] = found;
    const tail = kind === "name" ? found[2] : "";
    nodes.push(h(`span.code-${kind}`, whole.slice(0, whole.length - tail.length)), tail);
    end = found.index + whole.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

const jsonKind = ([whole, string, colon]) => (string ? (colon ? "name" : "string") : /^[tfn]/.test(whole) ? "word" : "number");
const programKind = ([, comment, string]) => (comment ? "comment" : string ? "string" : "word");

function block(text, nodes, label, kind = "div.code") {
  return h(
    kind,
    h("button.icon-button.copy", { type: "button", "aria-label": `Copy ${label}`, onclick: () => copy(text) }, icon("copy")),
    h("pre", { tabindex: "0", "aria-label": label, role: "group" }, h("code", nodes)),
  );
}

/** Return a block that shows a value as JSON. */
export function jsonBlock(value, label = "JSON") {
  const text = pretty(value) ?? "";
  return block(text, coloured(text, JSON_PARTS, jsonKind), label);
}

/** Return a block for a body: as JSON if it is JSON, else as it is. */
export function bodyBlock(text, label = "Body") {
  if (text === null || text === undefined || text === "") return h("p.nothing", "Empty");
  const value = parsed(text);
  return value === undefined ? block(text, [text], label) : jsonBlock(value, label);
}

/** Return a block that shows a program or commands. */
export function programBlock(text, label = "Code") {
  return block(text, coloured(text, PROGRAM_PARTS, programKind), label, "div.code.program");
}

/** Several programs of which one is shown: `tabs([["curl", "..."], ["Python", "..."]])`. */
export function programTabs(programs, label = "Snippet") {
  const box = h("div.code-tabs");
  const choose = (index) => {
    const tabs = programs.map(([name], each) =>
      h("button.tab", {
        type: "button",
        "aria-pressed": String(each === index),
        onclick: () => choose(each),
      }, name));
    const [name, text] = programs[index];
    show(box, h("div.tab-list", { role: "group", "aria-label": label }, tabs), programBlock(text, `${label}: ${name}`));
  };
  choose(0);
  return box;
}
