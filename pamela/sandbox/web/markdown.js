// The little Markdown that the specification's descriptions are written in.

import { h } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** Return Markdown as elements: paragraphs, headings, lists, tables, code. */
export function markdown(text) {
  const blocks = text.trim().split(/\n\s*\n/).filter(Boolean);
  return h("div.markdown", blocks.flatMap(block));
}

function block(text) {
  const lines = text.split("\n");
  const [first] = lines;
  const heading = /^#{1,4}\s+(.*)/.exec(first);
  if (heading) return [h("h3", inline(heading[1])), lines.length > 1 && block(lines.slice(1).join("\n"))].flat();
  if (lines.every((line) => line.trim().startsWith("|")) && lines.length > 2) return table(lines);
  const starts = lines.findIndex((line) => /^\s*([-*]|\d+\.)\s/.test(line));
  if (starts > 0) return [block(lines.slice(0, starts).join("\n")), block(lines.slice(starts).join("\n"))].flat();
  if (starts === 0) return list(lines);
  return h("p", inline(lines.join(" ")));
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    const found = /^\s*(?:[-*]|\d+\.)\s+(.*)/.exec(line);
    if (found) items.push(found[1]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return h(/^\s*\d/.test(lines[0]) ? "ol" : "ul", items.map((item) => h("li", inline(item))));
}

function table([head, , ...rows]) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  return h("div.table-wrap", { tabindex: "0", role: "group", "aria-label": "Table" }, h("table",
    h("thead", h("tr", cells(head).map((cell) => h("th", { scope: "col" }, inline(cell))))),
    h("tbody", rows.map((row) => h("tr", cells(row).map((cell) => h("td", inline(cell))))))));
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(text.slice(end, found.index));
    const [, code, strong, words, address] = found;
    nodes.push(code ? h("code", code) : strong ? h("strong", strong) : h("a", { href: address, rel: "noreferrer" }, words));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}
