// Requests to the sandbox, in the page's name.

const PAGE = "/sandbox/page";
export const API = "/api/b2b/v1";

/** What the page knows of the sandbox; `session` is what `GET /sandbox/page` answered last. */
export const state = {
  token: document.querySelector("meta[name=page-token]").content,
  session: null,
  clockOffset: 0,
  specification: null,
  project: stored("pamela-project"),
};

function stored(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** A request that was refused, or did not reach the sandbox (`status` 0). */
export class Refused extends Error {
  constructor(status, body) {
    super(messageOf(body) || (status ? `The sandbox answered ${status}.` : "The sandbox does not answer."));
    this.status = status;
    this.body = body;
    this.issues = Array.isArray(body?.detail) ? body.detail : [];
  }
}

export function messageOf(body) {
  const detail = body?.detail ?? body;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map((each) => `${(each.loc ?? []).slice(1).join(".")}: ${each.msg}`).join("; ");
  const error = detail?.error ?? detail;
  if (!error?.message) return "";
  const code = error.error_code ?? error.code;
  return code ? `${error.message} (${code})` : error.message;
}

/** Send a request and return the JSON of the answer; a token that a restart made void is renewed once. */
export async function send(method, path, body, { project } = {}) {
  let response = await attempt(method, path, body, project);
  if (response.status === 403) {
    const { token } = state;
    await openSession();
    if (state.token !== token) response = await attempt(method, path, body, project);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

async function attempt(method, path, body, project) {
  const headers = { "X-Page-Token": state.token };
  if (project) headers["X-Page-Project"] = project;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, null);
  }
}

export const get = (path, options) => send("GET", path, undefined, options);

/** Read what the page shows: `read("calls", {q: "pizza"})`. */
export function read(what, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(given).toString();
  return get(`${PAGE}/${what}${query && `?${query}`}`);
}

/** Learn the page's token and what sandbox this is. A browser elsewhere shows by `?token=` that it is its owner's. */
export async function openSession() {
  const token = new URLSearchParams(location.search).get("token");
  const response = await fetch(token ? `${PAGE}?${new URLSearchParams({ token })}` : PAGE).catch(() => null);
  if (!response?.ok) throw new Refused(response?.status ?? 0, null);
  state.session = await response.json();
  state.token = state.session.token;
  state.clockOffset = new Date(state.session.now) - Date.now();
  dispatchEvent(new Event("sessionchange"));
  return state.session;
}

/** Return the specification of the API, read once. */
export async function specification() {
  state.specification ??= await get("/openapi.json");
  return state.specification;
}

/** Return the project that something new belongs to. */
export function targetProject() {
  return state.project || state.session?.default_project || "";
}

export function projectLabel(id) {
  return state.session?.projects.find((each) => each.id === id)?.label ?? id.replace("project_", "").slice(0, 8);
}
