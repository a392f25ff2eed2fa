// How states, answers and projects look, wherever they appear.

import { projectLabel, state } from "../api.js";
import { h } from "../dom.js";

const CALL_WORDS = { queued: "Queued", ringing: "Ringing", in_progress: "In progress", completed: "Completed", failed: "Failed", cancelled: "Cancelled" };
const CALL_TONES = { queued: "quiet", ringing: "live", in_progress: "live", completed: "good", failed: "bad", cancelled: "quiet" };
const DELIVERY_WORDS = { waiting: "Waiting", pending: "Pending", sending: "Sending", delivered: "Delivered", failed: "Failed", dropped: "Dropped" };
const DELIVERY_TONES = { waiting: "quiet", pending: "warn", sending: "live", delivered: "good", failed: "bad", dropped: "quiet" };

const badge = (tone, words) => h(`span.status.tone-${tone}`, h("i", { "aria-hidden": "true" }), words);

export const callStatus = (status) => badge(CALL_TONES[status] ?? "quiet", CALL_WORDS[status] ?? status);
export const deliveryStatus = (status) => badge(DELIVERY_TONES[status] ?? "quiet", DELIVERY_WORDS[status] ?? status);

export function httpStatus(status) {
  const tone = !status || status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 300 ? "quiet" : "good";
  return h(`span.http.tone-${tone}`, status ? String(status) : "–");
}

export const isLive = (call) => ["queued", "ringing", "in_progress"].includes(call.status);

/** Return the project of a thing, where several projects are looked at together. */
export function projectOf(id) {
  return state.project || id === state.session?.default_project ? null : h("span.project-tag", { title: id }, projectLabel(id));
}

/** Return pairs of a name and a value, as a list. */
export function facts(pairs) {
  return h("dl.facts", pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => h("div", h("dt", name), h("dd", value))));
}

export const contains = (text, ...values) => values.some((value) => value && String(value).toLowerCase().includes(text.toLowerCase()));
