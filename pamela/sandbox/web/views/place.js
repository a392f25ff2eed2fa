// Placing a call: a form made from the API's specification, and the request that it makes.

import { API, Refused, get, send, specification, targetProject, projectLabel } from "../api.js";
import { debounced, h, show } from "../dom.js";
import { SchemaForm } from "../form.js";
import { go, href, route } from "../router.js";
import { asCurl, createCallPython } from "../snippets.js";
import { parsed, pretty, programTabs } from "../code.js";

const FIRST = ["to", "task"];
const USUAL = ["locale", "voice", "agent_name", "caller_name", "instructions", "max_duration_seconds"];

class PlaceView extends HTMLElement {
  async connectedCallback() {
    this.className = "view place-view";
    this.banner = h("p.failure", { hidden: true, role: "alert" });
    this.preview = h("div.preview");
    this.form = new SchemaForm();
    this.script = this.scriptFields();
    this.project = h("span.count");
    show(
      this,
      h("div.page-head", h("h1", "Place a call", this.project)),
      h("div.columns",
        h("form.place-form", { onsubmit: (event) => this.place(event), novalidate: true }, this.banner, this.form, this.script,
          h("div.form-foot", h("button.button.primary", { type: "submit" }, h("span", "Place the call")), h("kbd", "Ctrl Enter"))),
        h("aside", { "aria-label": "The request" }, h("h2.label", "The request"), this.preview)),
    );
    this.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.place(event);
    });
    this.onProject = () => this.showProject();
    addEventListener("projectchange", this.onProject);
    addEventListener("sessionchange", this.onProject);
    this.showProject();
    this.redraw = debounced(60, () => this.drawPreview());
    this.form.addEventListener("change", () => this.redraw());
    const [document, sandbox] = await Promise.all([specification(), get("/sandbox")]);
    this.outcome.append(...[...new Set(["answered", ...Object.values(sandbox.numbers)])].map((each) => h("option", { value: each }, each)));
    const schema = document.paths[`${API}/calls`].post.requestBody.content["application/json"].schema;
    this.form.configure({
      schema,
      document,
      value: startingValue(),
      long: ["task", "instructions"],
      suggestions: { to: [["+1234567890", "answers"], ...Object.entries(sandbox.numbers)].map(([number, outcome]) => [number, `${number}  ${outcome}`]) },
      groups: (names, make) => [
        FIRST.filter((name) => names.includes(name)).map(make),
        h("details.more", { open: true }, h("summary", "Conversation"), USUAL.filter((name) => names.includes(name)).map(make)),
        h("details.more", h("summary", "Everything else"), names.filter((name) => ![...FIRST, ...USUAL].includes(name)).map(make)),
      ],
    });
    this.drawPreview();
    this.form.querySelector("input, textarea")?.focus({ preventScroll: true });
  }

  disconnectedCallback() {
    removeEventListener("projectchange", this.onProject);
    removeEventListener("sessionchange", this.onProject);
  }

  /** Return what directs this one call: what is said, and what comes of it. */
  scriptFields() {
    this.says = h("textarea", { id: "script-says", rows: "4", placeholder: "user: Hello?\nagent: Hello, this is Pamela.\nuser: Wrong number, sorry." });
    this.outcome = h("select", { id: "script-outcome" }, h("option", { value: "" }, "as the number has it"));
    this.live = h("input", { type: "checkbox", role: "switch", id: "script-live" });
    this.noTools = h("input", { type: "checkbox", role: "switch", id: "script-no-tools" });
    return h("details.more", h("summary", "Direct this call"),
      h("div.field", h("div.field-head", h("label.field-label", { for: "script-says" }, "What is said"), h("p.field-help", "One line each, by user: or agent:. A line such as ", h("code", 'tool: reschedule {"day": "2026-12-05"}'), " has the agent use a tool. Empty: the sandbox's own conversation.")), h("div.field-body", this.says)),
      h("div.field", h("div.field-head", h("label.field-label", { for: "script-no-tools" }, "Use no tools")), h("div.switch", this.noTools, h("span.field-help", "The agent uses no tool but those in the lines above."))),
      h("div.field", h("div.field-head", h("label.field-label", { for: "script-outcome" }, "Outcome")), h("div.field-body", this.outcome)),
      h("div.field", h("div.field-head", h("label.field-label", { for: "script-live" }, "Be the callee")), h("div.switch", this.live, h("span.field-help", "You type what the callee says, and choose the agent's tools."))));
  }

  get scriptOfCall() {
    const says = this.says.value.split("\n").map((line) => line.trim()).filter(Boolean).map(scriptLine);
    const script = {
      says: says.length ? says : null, tools: this.noTools.checked ? [] : null,
      outcome: this.outcome.value || null, live: this.live.checked || null,
    };
    return Object.values(script).some((value) => value !== null) ? { ...script, to: this.form.value.to, times: 1 } : null;
  }

  showProject() {
    this.project.textContent = `in project ${projectLabel(targetProject())}`;
  }

  drawPreview() {
    const { value } = this.form;
    const known = pretty(value);
    if (known === this.previewed) return;
    this.previewed = known;
    const chosen = this.preview.querySelector("[aria-pressed=true]")?.textContent;
    const programs = [["Python", createCallPython(value)], ["curl", asCurl("POST", `${API}/calls`, value)], ["JSON", known]];
    show(this.preview, programTabs(programs, "The request"));
    const again = [...this.preview.querySelectorAll(".tab")].find((tab) => tab.textContent === chosen);
    if (again && again.getAttribute("aria-pressed") !== "true") again.click();
  }

  async place(event) {
    event.preventDefault();
    this.banner.hidden = true;
    if (!this.form.check()) return;
    const project = targetProject();
    let directed = null;
    try {
      const script = this.scriptOfCall;
      if (script) directed = await send("POST", "/sandbox/scripts", script, { project });
      const call = await send("POST", `${API}/calls`, this.form.value, { project });
      go(href("calls", call.id));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // It was for this call, not for the next one.
      if (directed) await send("DELETE", `/sandbox/scripts/${directed.id}`, undefined, { project }).catch(() => {});
      const rest = error.issues.length ? this.form.complain(error.issues) : [error.message];
      this.banner.textContent = rest.join("; ");
      this.banner.hidden = rest.length === 0;
    }
  }
}
customElements.define("place-view", PlaceView);

/** Return a line of a script as the sandbox takes it. */
function scriptLine(line) {
  const [, speaker, text] = /^(agent|user|tool):\s*(.+)$/i.exec(line) ?? [];
  if (!speaker) return line;
  if (speaker.toLowerCase() !== "tool") return { speaker: speaker.toLowerCase(), text };
  const [, tool, given] = /^(\S+)\s*(.*)$/.exec(text);
  const use = parsed(given);
  if (given && (use === null || typeof use !== "object" || Array.isArray(use))) {
    throw new Refused(0, { detail: `The arguments of ${tool} must be a JSON object, {"day": "2026-12-05"} for example.` });
  }
  return given ? { tool, arguments: use } : { tool };
}

function startingValue() {
  const { query } = route();
  return { to: query.get("to") ?? "+1234567890", task: query.get("task") ?? "Schedule a meeting for next week" };
}
