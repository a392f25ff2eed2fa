// What happens in the sandbox, as it happens: one EventSource for all tabs, since a browser opens six connections a host.
//
// The tab that holds the lock listens and tells the others. When it goes, the next gets the lock and goes on where the
// last one was.

import { openSession, state } from "./api.js";
import { h, show } from "./dom.js";

const KINDS = ["call", "delivery", "request", "tools", "scripts", "project", "clock", "reset", "resync", "hello", "heartbeat"];
const SILENCE = 40_000;
const SLOWEST = 5_000;

let source = null;
let lastId = "";
let boot = "";
let delay = 250;
let watchdog = null;
let leads = false;
export let status = "connecting";

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("pamela-stream") : null;
const listeners = new Set();

/** Call `listener(kind, data)` for all that happens; returns how to stop. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function start() {
  channel?.addEventListener("message", ({ data }) => receive(data));
  if (channel && navigator.locks) {
    navigator.locks.request("pamela-stream", () => {
      lead();
      return new Promise(() => {});
    });
    channel.postMessage({ ask: true });
  } else {
    lead();
  }
}

function lead() {
  leads = true;
  connect();
}

function connect() {
  clearTimeout(watchdog);
  source?.close();
  const query = new URLSearchParams({ page_token: state.token });
  if (lastId) query.set("last_event_id", lastId);
  source = new EventSource(`/sandbox/stream?${query}`);
  for (const kind of KINDS) source.addEventListener(kind, hear);
  source.addEventListener("error", lose);
  expectSound();
}

function hear(event) {
  delay = 250;
  expectSound();
  if (event.lastEventId) lastId = event.lastEventId;
  tell({ status: "live" });
  if (event.type !== "heartbeat") tell({ kind: event.type, data: JSON.parse(event.data), id: lastId });
}

function expectSound() {
  clearTimeout(watchdog);
  watchdog = setTimeout(lose, SILENCE);
}

async function lose() {
  source.close();
  clearTimeout(watchdog);
  tell({ status: "reconnecting" });
  await new Promise((resolve) => setTimeout(resolve, delay));
  delay = Math.min(delay * 2, SLOWEST);
  try {
    // A sandbox that was started anew has another token.
    await openSession();
  } catch {
    lose();
    return;
  }
  connect();
}

/** Have this tab and the others hear something. */
function tell(message) {
  if (message.status && message.status === status) return;
  receive(message);
  channel?.postMessage(message);
}

function receive(message) {
  if (message.ask && leads) channel.postMessage({ status });
  if (message.status) {
    status = message.status;
    dispatchEvent(new Event("streamstatus"));
  }
  if (message.id) lastId = message.id;
  if (!message.kind) return;
  if (message.kind === "hello") {
    const known = boot;
    boot = message.data.boot;
    if (!known || known === boot) return;
    // Another process: what was shown may not be so any more.
    if (state.session?.boot !== boot) openSession().catch(() => {});
    emit("resync", {});
    return;
  }
  emit(message.kind, message.data);
}

function emit(kind, data) {
  for (const listener of [...listeners]) listener(kind, data);
}

const WORDS = { live: "Live", reconnecting: "Reconnecting", connecting: "Connecting" };

/** Says whether what the page shows is up to date. */
class StreamBadge extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    addEventListener("streamstatus", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    removeEventListener("streamstatus", this);
  }

  handleEvent() {
    if (this.dataset.status === status) return;
    this.dataset.status = status;
    show(this, h("i"), h("span", WORDS[status]));
  }
}
customElements.define("stream-badge", StreamBadge);
