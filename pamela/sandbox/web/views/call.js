// One call: what is said while it is said, what happened when, and the JSON of it.

import { API, read, send } from "../api.js";
import { button, copy, debounced, h, icon, show, toast } from "../dom.js";
import { duration, exactly, milliseconds, phone, plural } from "../format.js";
import { go, href, route } from "../router.js";
import { SchemaForm } from "../form.js";
import { asCurl, createCallPython } from "../snippets.js";
import { bodyBlock, jsonBlock, parsed } from "../code.js";
import { listen } from "../stream.js";
import { callStatus, deliveryStatus, facts, httpStatus, isLive } from "./words.js";

const SPEAKERS = { agent: "Agent", user: "Callee", tool: "Tool" };

class CallView extends HTMLElement {
  connectedCallback() {
    this.className = "view call-view";
    this.refresh = debounced(80, () => this.load());
    this.stop = listen((kind, data) => {
      if ((kind === "call" && data.id === this.callId) || data?.call_id === this.callId || kind === "resync") this.refresh();
      if (kind === "reset") this.refresh();
    });
    this.routed(route());
  }

  disconnectedCallback() {
    this.stop();
    this.observer?.disconnect();
  }

  noticeScroll() {
    requestAnimationFrame(() => {
      this.follows = this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 40;
    });
  }

  follow() {
    if (this.follows) this.talk.scrollTop = this.talk.scrollHeight;
  }

  routed({ id }) {
    if (id === this.callId) return;
    this.callId = id;
    this.transcript = [];
    this.thing = null;
    this.build();
    this.load();
  }

  build() {
    this.heading = h("h1.call-title");
    this.headline = h("p.pane-line");
    this.actions = h("div.actions");
    this.task = h("p.call-task");
    this.lines = h("ol.conversation", { "aria-label": "Transcript" });
    this.talk = h("div.talk", { tabindex: "0", role: "region", "aria-label": "Conversation" }, this.lines);
    // While it is spoken the end stays in sight, unless somebody scrolls away from it.
    this.follows = false;
    this.talk.addEventListener("wheel", () => this.noticeScroll(), { passive: true });
    this.talk.addEventListener("keydown", () => this.noticeScroll());
    this.talk.addEventListener("touchmove", () => this.noticeScroll(), { passive: true });
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.follow());
    this.observer.observe(this.lines);
    this.sections = { about: h("div.tab-body"), timeline: h("div.tab-body"), request: h("div.tab-body"), response: h("div.tab-body") };
    this.side = h("div.call-side");
    this.below = h("div.talk-below");
    show(
      this,
      h("div.page-head",
        h("a.icon-button.back", { href: href("calls"), "aria-label": "All calls" }, icon("back")),
        h("div.head-text", this.heading, this.headline), this.actions),
      h("div.call-body",
        h("div.call-main", this.task, this.talk, this.below),
        this.side),
    );
    this.chooseTab("timeline");
  }

  chooseTab(name) {
    const names = [["timeline", "Time line"], ["about", "Details"], ["request", "Request"], ["response", "Response"]];
    show(this.side,
      h("div.tab-list", { role: "group", "aria-label": "About the call" }, names.map(([each, words]) =>
        h("button.tab", { type: "button", "aria-pressed": String(each === name), onclick: () => this.chooseTab(each) }, words))),
      this.sections[name]);
  }

  async load() {
    const id = this.callId;
    let thing;
    try {
      thing = await read(`calls/${encodeURIComponent(id)}`, { from: this.transcript.length });
    } catch (error) {
      if (id === this.callId && error.status === 404) show(this, h("div.empty", h("h2", "No such call"), h("p", "It may have been forgotten by a reset."), h("a.button", { href: href("calls") }, "All calls")));
      return;
    }
    if (id !== this.callId || thing.from !== this.transcript.length) return;
    if (this.thing === null) this.follows = isLive(thing.call);
    this.transcript.push(...thing.transcript);
    this.thing = thing;
    this.drawHead(thing.call);
    this.drawConversation(thing);
    this.drawTimeline(thing);
    this.drawAbout(thing);
    show(this.sections.request, jsonBlock(thing.request, "Request"));
    show(this.sections.response, jsonBlock({ ...thing.call, transcript: this.transcript.length ? this.transcript : null }, "Response"));
  }

  drawHead(call) {
    document.title = `${phone(call.to)} · Pamela sandbox`;
    this.heading.textContent = phone(call.to);
    show(this.headline, callStatus(call.status),
      call.duration_seconds !== null && h("span", duration(call.duration_seconds)),
      call.billed_minutes !== null && h("span", `${plural(call.billed_minutes, "minute")} billed`),
      h("code.id", call.id));
    this.task.textContent = call.task;
    const state = JSON.stringify([call.status]);
    if (state === this.actionsFor) return;
    this.actionsFor = state;
    show(this.actions,
      ["queued", "ringing"].includes(call.status) && button("Cancel", () => this.act("cancel"), { kind: "danger" }),
      call.status === "in_progress" && button("Hang up", () => this.act("hangup"), { kind: "danger", iconName: "hangup" }),
      button("Call again", () => this.callAgain(), { iconName: "again" }),
      button("curl", () => copy(asCurl("POST", `${API}/calls`, this.thing.request), "Copied as curl"), { iconName: "copy", "aria-label": "Copy as curl" }),
      button("Python", () => copy(createCallPython(this.thing.request), "Copied as Python"), { iconName: "copy", "aria-label": "Copy as Python" }));
  }

  drawConversation(thing) {
    const { call, invocations } = thing;
    this.lines.querySelector(".pending")?.remove();
    const from = this.lines.childElementCount;
    let answered = this.transcript.slice(0, from).filter((line) => line.speaker === "tool").length;
    const added = this.transcript.slice(from).map((line) => {
      if (line.speaker !== "tool") return spoken(line);
      const invocation = invocations[answered];
      answered += 1;
      return toolLine(line, invocation);
    });
    this.lines.append(...added);
    const open = invocations[this.transcript.filter((line) => line.speaker === "tool").length];
    if (open && isLive(call)) this.lines.append(pendingTool(open));
    this.drawBelow(thing);
    this.follow();
  }

  drawBelow(thing) {
    const { call } = thing;
    const words = {
      queued: "The call is queued.",
      ringing: "It rings.",
      in_progress: "",
      completed: call.summary,
      failed: call.summary,
      cancelled: "The call was cancelled before anybody answered.",
    }[call.status];
    const known = JSON.stringify([call.status, words, thing.live, thing.tools.length]);
    if (known === this.belowFor) return;
    this.belowFor = known;
    if (!isLive(call)) show(this.below, words && h("p.summary", h("span.label", "Outcome"), words));
    else if (thing.live && call.status === "in_progress") show(this.below, this.calleesPart(thing.tools));
    else {
      show(this.below, h("p.typing", h("i"), h("i"), h("i"), h("span", words || "They talk."), h("span.grow"),
        thing.live ? h("span", "The callee's part is yours.") : button("Take the callee's part", () => this.direct("take"))));
    }
  }

  /** Return the form by which a person is the callee. */
  calleesPart(tools) {
    const line = h("input", { type: "text", "aria-label": "What the callee says", placeholder: "What does the callee say?", autocomplete: "off" });
    const say = async (event) => {
      event.preventDefault();
      if (line.value.trim() && (await this.direct("say", { text: line.value.trim() }))) line.value = "";
      line.focus();
    };
    const menu = tools.length > 0 && h("select.tool-menu", { "aria-label": "Have the agent use a tool", onchange: () => {
      this.chooseArguments(tools[Number(menu.value)]);
      menu.value = "";
    } }, h("option", { value: "" }, "Use a tool…"), tools.map((tool, index) => h("option", { value: String(index) }, tool.name)));
    return h("form.callee-form", { onsubmit: say },
      h("div.with-button", line, h("button.button.primary", { type: "submit" }, "Say")),
      h("div.actions.left", menu, button("Hang up as the callee", () => this.direct("finish", {}), { iconName: "hangup" }), button("Let the sandbox go on", () => this.direct("release"))));
  }

  chooseArguments(tool) {
    const form = new SchemaForm();
    form.configure({ schema: tool.input_schema });
    const dialog = h("dialog", { "aria-label": `Arguments of ${tool.name}`, onclose: () => dialog.remove() },
      h("form.help-body", { novalidate: true, onsubmit: async (event) => {
        event.preventDefault();
        if (form.check() && (await this.direct("invoke", { name: tool.name, arguments: form.value }))) dialog.close();
      } }, h("h2", h("code", tool.name)), form, h("div.form-foot", h("button.button.primary", { type: "submit" }, "Use it"), button("Not now", () => dialog.close()))));
    document.body.append(dialog);
    dialog.showModal();
  }

  async direct(action, body) {
    try {
      await send("POST", `/sandbox/calls/${encodeURIComponent(this.callId)}/${action}`, body, { project: this.thing.project_id });
    } catch (error) {
      toast(error.message, "bad");
      return false;
    }
    this.refresh();
    return true;
  }

  drawTimeline({ call, timeline, deliveries, deliveries_total: total }) {
    const entries = [
      ...timeline.map(({ status, at }) => ({ at, node: h("li.moment", callStatus(status), moment(at)) })),
      ...grouped(deliveries).map(deliveryEntry),
    ].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
    show(this.sections.timeline,
      h("ol.timeline", entries.map((entry) => entry.node)),
      total > deliveries.length && h("p.nothing", `The last ${plural(deliveries.length, "delivery").replace("deliverys", "deliveries")} of ${total} are shown. `, h("a", { href: href("deliveries", "", { q: call.id }) }, "All deliveries")),
      total === 0 && h("p.nothing", "Nothing was sent: neither the call nor its project has a webhook address. ", h("a", { href: href("settings") }, "Set one"), "."));
  }

  drawAbout({ call, request, project_id: project, requests }) {
    show(this.sections.about,
      facts([
        ["From", phone(call.from_number)],
        ["To", phone(call.to)],
        ["Placed", exactly(call.created_at)],
        ["Connected", call.started_at && exactly(call.started_at)],
        ["Ended", call.ended_at && exactly(call.ended_at)],
        ["Talked", call.duration_seconds !== null ? duration(call.duration_seconds) : null],
        ["Locale", request.locale],
        ["Voice", request.voice],
        ["Agent", request.agent_name],
        ["On behalf of", request.caller_name],
        ["Instructions", request.instructions],
        ["Session", h("code", call.call_session_id)],
        ["Conversation", h("code", call.conversation_id)],
        ["Project", h("code", project)],
      ]),
      Object.keys(call.metadata ?? {}).length > 0 && [h("h3", "Metadata"), jsonBlock(call.metadata, "Metadata")],
      h("h3", "Requests about it", h("span.count", String(requests.length))),
      requests.length
        ? h("ul.links", requests.map((each) => h("li", h("a", { href: href("requests", each.id) }, httpStatus(each.status), h("span.method", each.method), h("span.clip", each.path.replace(API, "")), h("time", exactly(each.at))))))
        : h("p.nothing", "None among the last 1,000 requests."));
  }

  async act(action) {
    try {
      await send("POST", `${API}/calls/${encodeURIComponent(this.callId)}/${action}`, undefined, { project: this.thing.project_id });
    } catch (error) {
      toast(error.message, "bad");
    }
    this.load();
  }

  async callAgain() {
    try {
      const call = await send("POST", `${API}/calls`, this.thing.request, { project: this.thing.project_id });
      go(href("calls", call.id));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  move(by) {
    this.talk.scrollBy({ top: by * 80 });
  }

  back() {
    go(href("calls"));
    return true;
  }
}
customElements.define("call-view", CallView);

const moment = (at) => h("time", { datetime: at }, exactly(at));

function spoken(line) {
  const side = line.speaker === "agent" ? "agent" : "callee";
  return h(`li.line.${side}`, h("span.speaker", SPEAKERS[line.speaker] ?? line.speaker, line.timestamp && h("time", { datetime: line.timestamp }, exactly(line.timestamp).slice(0, 8))), h("p", line.text));
}

function toolLine(line, invocation) {
  if (!invocation) return h("li.line.tool", h("div.tool-card", h("p.mono.wrap", line.text)));
  const failed = / failed: /.test(line.text) && invocation.status !== "delivered";
  const attempt = invocation.attempts.find((each) => !each.duplicate);
  const answer = attempt?.error ? h("p.failure", attempt.error) : attempt ? bodyBlock(attempt.response_body, "Answer") : h("p.mono.wrap", line.text);
  return h("li.line.tool", toolCard(invocation, [
    attempt && h("span.beside", milliseconds(attempt.duration_ms)),
    attempt && httpStatus(attempt.response_status),
  ], failed, h("div", h("p.sub", "Answer"), answer)));
}

function pendingTool(invocation) {
  return h("li.line.tool.pending", toolCard(invocation, [h("span.beside", "waiting for the answer…")], false, null));
}

function toolCard(invocation, beside, failed, answer) {
  const values = parsed(invocation.body)?.arguments ?? {};
  return h(`details.tool-card${failed ? ".failed" : ""}`, { open: true },
    h("summary", icon("tool"), h("code.tool-name", invocation.name), h("span.grow"), beside),
    h("div.tool-parts", h("div", h("p.sub", "Arguments"), jsonBlock(values, "Arguments")), answer),
    h("p.tool-links", h("a", { href: href("deliveries", invocation.id) }, "The delivery, with headers and signature")));
}

// Each line that is spoken makes an event; those that follow one another make one entry.
function grouped(deliveries) {
  const groups = [];
  for (const delivery of deliveries) {
    const last = groups.at(-1);
    if (last && last.name === delivery.name && last.name === "call.transcript_update" && last.status === delivery.status) {
      last.count += 1;
      last.until = delivery.created_at;
    } else {
      groups.push({ ...delivery, count: 1 });
    }
  }
  return groups;
}

function deliveryEntry(delivery) {
  return {
    at: delivery.created_at,
    node: h("li.sent",
      h("a", { href: href("deliveries", delivery.id) }, h("span", delivery.name), delivery.count > 1 && h("span.count", `× ${delivery.count}`)),
      delivery.status !== "delivered" && deliveryStatus(delivery.status), delivery.last_status && httpStatus(delivery.last_status), moment(delivery.created_at)),
  };
}
