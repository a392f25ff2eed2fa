// Requests as commands and programs to paste.

import { API, state } from "./api.js";
import { pretty } from "./code.js";
import { decode } from "./router.js";

export const baseUrl = () => location.origin;

// For a shell: in single quotes nothing has a meaning but the quote itself.
const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** Return a request as a curl command. A text is a body that is no JSON, and is sent as it is. */
export function asCurl(method, path, body) {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${quoted(`${baseUrl()}${path}`)}`];
  lines.push(`  -H 'Authorization: Bearer '"$PAMELA_API_KEY"`);
  if (body !== undefined) lines.push("  -H 'Content-Type: application/json'", `  --data-binary ${quoted(typeof body === "string" ? body : pretty(body))}`);
  return lines.join(" \\\n");
}

/** Return a JSON value as Python writes it. */
export function pythonLiteral(value, indent = 0) {
  const inner = " ".repeat(indent + 4);
  const end = " ".repeat(indent);
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return pythonString(value);
  const items = Array.isArray(value)
    ? value.map((each) => pythonLiteral(each, indent + 4))
    : Object.entries(value).map(([name, each]) => `${pythonString(name)}: ${pythonLiteral(each, indent + 4)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const short = `${open}${items.join(", ")}${close}`;
  if (short.length <= 60 && !short.includes("\n")) return short;
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${end}${close}`;
}

// What JSON escapes Python reads the same way, but for the surrogate pairs, which JSON.stringify leaves as characters.
const pythonString = (text) => JSON.stringify(text);

function pythonCall(method, values) {
  const lines = Object.entries(values).map(([name, value]) => `    ${name}=${pythonLiteral(value, 4)},\n`);
  return lines.length ? `client.${method}(\n${lines.join("")})` : `client.${method}()`;
}

const CLIENT = () =>
  `from pamela import PamelaClient\n\nclient = PamelaClient(\n    api_key="${state.session?.default_key ?? ""}",\n    base_url="${baseUrl()}",\n)\n`;

/** Return the placing of a call as a program. */
export function createCallPython(request) {
  return `${CLIENT()}call = ${pythonCall("create_call", request)}\nprint(call.id, call.status)`;
}

/** Return a request as a program that sends just this, whether it is right or not. */
export function asRawPython(method, path, body) {
  const [bare, query = ""] = path.split("?");
  const parameters = {};
  for (const [name, value] of new URLSearchParams(query)) {
    parameters[name] = name in parameters ? [parameters[name], value].flat() : value;
  }
  const given = [pythonString(method), pythonString(bare)];
  if (query) given.push(`params=${pythonLiteral(parameters, 4)}`);
  if (body !== undefined) given.push(`json=${pythonLiteral(body, 4)}`);
  const short = `client.request(${given.join(", ")})`;
  const call = short.length <= 80 && !short.includes("\n") ? short : `client.request(\n${given.map((each) => `    ${each},\n`).join("")})`;
  return `${CLIENT()}print(${call})`;
}

/** Return a request to the API as a program, by the operation that it is. */
export function asPython(method, path, body) {
  const [bare, query = ""] = path.split("?");
  const parameters = Object.fromEntries(new URLSearchParams(query));
  if (/^\d+$/.test(parameters.limit ?? "")) parameters.limit = Number(parameters.limit);
  if (/^\d+$/.test(parameters.offset ?? "")) parameters.offset = Number(parameters.offset);
  const [, things, id, action] = bare.slice(API.length).split("/").map(decode);
  const program = (expression) => `${CLIENT()}print(${expression})`;
  switch (`${method} ${things}${id ? "/id" : ""}${action ? `/${action}` : ""}`) {
    case "POST calls": return createCallPython(body ?? {});
    case "GET calls": return program(pythonCall("list_calls", parameters));
    case "GET calls/id": return program(`client.get_call(${pythonString(id)})`);
    case "POST calls/id/cancel": return program(`client.cancel_call(${pythonString(id)})`);
    case "POST calls/id/hangup": return program(`client.hangup_call(${pythonString(id)})`);
    case "POST tools": return program(pythonCall("register_tool", body?.tool ?? {}));
    case "GET tools": return program("client.list_tools()");
    case "DELETE tools/id": return program(`client.delete_tool(${pythonString(id)})`);
    case "GET usage": return program(parameters.period ? `client.usage.get(${pythonString(parameters.period)})` : "client.usage.get()");
    default: return asRawPython(method, path, body);
  }
}

export const environment = () =>
  `export PAMELA_BASE_URL=${baseUrl()}\nexport PAMELA_API_KEY=${state.session?.default_key ?? ""}`;

/** What to paste where there is nothing yet. */
export const starters = {
  calls: () => [
    ["Python", createCallPython({ to: "+1234567890", task: "Schedule a meeting for next week" })],
    ["curl", `${environment()}\n${asCurl("POST", `${API}/calls`, { to: "+1234567890", task: "Schedule a meeting for next week" })}`],
  ],
  requests: () => [
    ["Shell", `${environment()}\npython your_application.py`],
    ["curl", `${environment()}\n${asCurl("GET", `${API}/calls`)}`],
  ],
  deliveries: () => [
    ["Python", `${CLIENT()}client.request(\n    "PUT",\n    "/sandbox/project",\n    json={"webhook_url": "http://127.0.0.1:5000/webhooks/pamela"},\n)`],
    ["curl", `${environment()}\n${asCurl("PUT", "/sandbox/project", { webhook_url: "http://127.0.0.1:5000/webhooks/pamela" })}`],
  ],
  tools: () => [
    ["Python", asPython("POST", `${API}/tools`, { tool: EXAMPLE_TOOL })],
    ["curl", `${environment()}\n${asCurl("POST", `${API}/tools`, { tool: EXAMPLE_TOOL })}`],
  ],
};

const EXAMPLE_TOOL = {
  name: "check_order_status",
  description: "Look up an order by ID",
  input_schema: { type: "object", properties: { order_id: { type: "string" } }, required: ["order_id"] },
};
