// The address of the page: `#/calls/call_1?q=pizza` is the view "calls", the id "call_1" and its query.

import { state } from "./api.js";

/** Return the route that the address names. */
export function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/").map(decode);
  return { view: view || "calls", id: rest.join("/"), query: new URLSearchParams(query) };
}

/** Return a part of an address without its escapes, as it is if they are none. */
export function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the address of a view. */
export function href(view, id = "", query = {}) {
  const kept = Object.entries(query instanceof URLSearchParams ? Object.fromEntries(query) : query);
  const text = new URLSearchParams(kept.filter(([, value]) => value !== "" && value != null)).toString();
  return `#/${view}${id && `/${encodeURIComponent(id)}`}${text && `?${text}`}`;
}

export function go(address) {
  location.hash = address;
}

/** Change the query of the present address, without another entry in the history. */
export function setQuery(changes) {
  const { view, id, query } = route();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value == null) query.delete(name);
    else query.set(name, value);
  }
  history.replaceState(null, "", href(view, id, query));
  dispatchEvent(new Event("hashchange"));
}

/** Keep which project is looked at beyond this visit. */
export function chooseProject(id) {
  state.project = id;
  try {
    localStorage.setItem("pamela-project", id);
  } catch {
    // Without storage it holds for this visit.
  }
  dispatchEvent(new Event("projectchange"));
}
