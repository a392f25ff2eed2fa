// All calls, live.

import { h } from "../dom.js";
import { phone, talked, when } from "../format.js";
import { href } from "../router.js";
import { starters } from "../snippets.js";
import { programTabs } from "../code.js";
import { ListView } from "./list-view.js";
import { callStatus, contains, isLive, projectOf } from "./words.js";

const LIVE = "queued,ringing,in_progress";

class CallsView extends ListView {
  list = {
    name: "calls",
    title: "Calls",
    kind: "calls",
    event: "call",
    searchHint: "Number, task, outcome or id",
    filter: "status",
    choices: [["", "All"], [LIVE, "Live"], ["completed", "Completed"], ["failed", "Failed"], ["cancelled", "Cancelled"]],
    columns: [
      { name: "status", title: "Status", cell: (call) => callStatus(call.status) },
      { name: "link", title: "Number", cell: (call) => phone(call.to) },
      { name: "task", title: "Task", cell: (call) => [h("span.clip", { title: call.task }, call.task), projectOf(call.project_id)] },
      { name: "duration", title: "Duration", cell: (call) => (isLive(call) ? h("live-duration", { "data-call": JSON.stringify({ status: call.status, started_at: call.started_at }) }) : talked(call)) },
      { name: "outcome", title: "Outcome", cell: (call) => h("span.clip", { title: call.summary ?? "" }, call.summary ?? "–") },
      { name: "time", title: "Placed", cell: (call) => h("time", { datetime: call.created_at, title: call.created_at }, when(call.created_at)) },
    ],
    href: (call) => href("calls", call.id),
    accepts: (call, { status, q }) =>
      (!status || status.split(",").includes(call.status)) && (!q || contains(q, call.id, call.to, call.task, call.summary)),
    actions: () => h("a.button.primary.only-narrow", { href: href("place") }, "Place a call"),
    empty: () => h("div.empty", h("h2", "No calls yet"),
      h("p", "Place one from your program, or ", h("a", { href: href("place") }, "with the form"), ". It appears here while it rings, talks and ends; no phone does."),
      programTabs(starters.calls(), "Place a call")),
  };

  routed(where) {
    super.routed({ ...where, id: "" });
  }
}
customElements.define("calls-view", CallsView);

const ticking = new Set();
setInterval(() => ticking.forEach((each) => each.tick()), 1000);

/** How long a call has talked so far. */
class LiveDuration extends HTMLElement {
  connectedCallback() {
    ticking.add(this);
    this.tick();
  }

  disconnectedCallback() {
    ticking.delete(this);
  }

  tick() {
    this.textContent = talked(JSON.parse(this.dataset.call));
  }
}
customElements.define("live-duration", LiveDuration);
