// The last requests to the API: what was asked, what was answered, and why it was refused.

import { h } from "../dom.js";
import { exactly, milliseconds, when } from "../format.js";
import { href } from "../router.js";
import { asCurl, asPython, asRawPython, starters } from "../snippets.js";
import { bodyBlock, parsed, programTabs } from "../code.js";
import { ListView } from "./list-view.js";
import { contains, facts, httpStatus } from "./words.js";

const addressOf = (request) => request.path + (request.query && `?${request.query}`);

class RequestsView extends ListView {
  list = {
    name: "requests",
    title: "Requests",
    kind: "requests",
    event: "request",
    searchHint: "Path, error, key or id",
    filter: "class",
    choices: [["", "All"], ["2", "2xx"], ["4", "4xx"], ["5", "5xx"]],
    columns: [
      { name: "status", title: "Status", cell: (request) => httpStatus(request.status) },
      { name: "link", title: "Request", cell: (request) => [h("span.method", request.method), h("span.path", request.path.replace("/api/b2b/v1", ""), request.query && h("span.query", `?${request.query}`))] },
      { name: "error", title: "Error", cell: (request) => h("span.clip", { title: request.error ?? "" }, request.error ?? "") },
      { name: "key", title: "Key", cell: (request) => (request.from_page ? "this page" : h("code.clip", { title: request.project_id ?? "" }, request.key ?? "none")) },
      { name: "duration", title: "Took", cell: (request) => milliseconds(request.duration_ms) },
      { name: "time", title: "Time", cell: (request) => h("time", { datetime: request.at, title: request.at }, when(request.at)) },
    ],
    accepts: (request, filters) =>
      (!filters.class || String(request.status)[0] === filters.class) &&
      (!filters.q || contains(filters.q, request.id, `${request.method} ${addressOf(request)}`, request.error, request.call_id, request.key)),
    empty: () => h("div.empty", h("h2", "No requests yet"),
      h("p", "Point your program at this sandbox, and see here what it asks and what it is answered: the last 1,000 requests, with their bodies."),
      programTabs(starters.requests(), "Send a request")),
    detail: (request) => [
      h("header.pane-head", h("h2", h("span.method", request.method), " ", h("span.wrap", addressOf(request))),
        h("p.pane-line", httpStatus(request.status), h("span", milliseconds(request.duration_ms)), h("time", { datetime: request.at }, exactly(request.at)))),
      request.error && h("p.failure", request.error),
      facts([
        ["Request id", h("code", request.id)],
        ["Call", request.call_id && h("a", { href: href("calls", request.call_id) }, h("code", request.call_id))],
        ["Sent by", request.from_page ? "this page" : request.user_agent],
        ["Key", request.key && h("code", request.key)],
        ["Repeats", request.replayed ? "an earlier request with its idempotency key" : null],
      ]),
      request.request_body !== null && [h("h3", "Request body", request.request_truncated && h("span.count", "its beginning")), bodyBlock(request.request_body, "Request body")],
      h("h3", "Response body", request.response_truncated && h("span.count", "its beginning")),
      bodyBlock(request.response_body, "Response body"),
      h("details.more", h("summary", "Headers"), headerTable("Request", request.request_headers), headerTable("Response", request.response_headers)),
      h("h3", "Send it again"),
      sendAgain(request),
    ],
  };
}
customElements.define("requests-view", RequestsView);

function sendAgain(request) {
  if (request.request_truncated) return h("p.nothing", "Its body is too long to be kept whole.");
  const address = addressOf(request);
  const text = request.request_body || undefined;
  const body = text && parsed(text);
  // What was refused for its form is nothing that a method takes.
  const python = [400, 422].includes(request.status) ? asRawPython : asPython;
  return programTabs([
    ["curl", asCurl(request.method, address, body !== null && typeof body === "object" ? body : text)],
    (text === undefined || body !== undefined) && ["Python", python(request.method, address, body)],
  ].filter(Boolean), "The request");
}

export function headerTable(title, headers) {
  return [h("p.sub", title), h("dl.headers", Object.entries(headers).map(([name, value]) => h("div", h("dt", name), h("dd", value))))];
}
