// What a project and the sandbox have set: addresses, secret, faults, clock.

import { get, send, state, targetProject, projectLabel, openSession } from "../api.js";
import { button, copy, debounced, h, icon, show, toast } from "../dom.js";
import { baseUrl, environment } from "../snippets.js";
import { programBlock } from "../code.js";
import { listen } from "../stream.js";

const FAULTS = [
  ["duplicate", "Send twice", "An attempt is made twice, at the same time."],
  ["reorder", "Change the order", "An event waits for the next one of its call and lets it go first."],
  ["wrong_signature", "Sign wrongly", "An attempt is signed with another secret; the application must refuse it."],
];
const REQUEST_FAULTS = [
  ["unavailable", "Unavailable", "A request is answered 503."],
  ["lost_answer", "Lose the answer", "A request is carried out, and its answer never comes."],
  ["reset", "Reset the connection", "A request is not carried out."],
  ["cut_answer", "Cut the answer", "The answer breaks off in its middle."],
  ["slow_answer", "Answer slowly", "The answer comes a few bytes at a time."],
];

class SettingsView extends HTMLElement {
  connectedCallback() {
    this.className = "view settings-view";
    this.project = h("span.count");
    this.body = h("div.settings-body");
    show(this, h("div.page-head", h("h1", "Settings", this.project)), this.body);
    this.reload = debounced(80, () => this.load());
    this.onProject = () => this.load();
    addEventListener("projectchange", this.onProject);
    this.stop = listen((kind) => {
      if (["project", "clock", "reset", "resync"].includes(kind) && !this.contains(document.activeElement)) this.reload();
    });
  }

  disconnectedCallback() {
    this.stop();
    removeEventListener("projectchange", this.onProject);
  }

  routed() {
    this.load();
  }

  async load() {
    const id = targetProject();
    if (!id) {
      // The first answer of the sandbox says which project there is.
      addEventListener("sessionchange", () => this.isConnected && this.load(), { once: true });
      return;
    }
    try {
      const [project, faults] = await Promise.all([get("/sandbox/project", { project: id }), get("/sandbox/faults", { project: id })]);
      this.project.textContent = `of ${projectLabel(id)}`;
      show(this.body,
        h("div.stack", this.connection(), this.addresses(id, project)),
        h("div.stack", this.faults(id, faults)),
        h("div.stack", this.time(id), this.history(id), this.forgetting(id)));
    } catch (error) {
      show(this.body, h("p.failure", { role: "alert" }, error.message));
    }
  }

  connection() {
    const line = (name, value) => h("div.setting.copyable", h("span", name), h("code", { title: value }, value), copyButton(value, name));
    return panel("Connect your program", h("p", "Any key that starts with ", h("code", "pk_live_"), " or ", h("code", "pk_test_"), " works, and each is a project of its own."),
      !state.session.is_owners && h("p.hint", "This browser is elsewhere, and sees what belongs to that key. The address that the sandbox printed when it started shows all projects."),
      line("Address", baseUrl()), line("Key", state.session.default_key), h("div.spaced", programBlock(environment(), "Environment")));
  }

  addresses(id, project) {
    const inputs = { webhook_url: address("webhook_url", project, "http://127.0.0.1:5000/webhooks/pamela"), tool_webhook_url: address("tool_webhook_url", project, "http://127.0.0.1:5000/webhooks/pamela/tools") };
    const secret = h("input", { type: "password", id: "set-secret", autocomplete: "off", spellcheck: "false", value: project.webhook_secret ?? "", placeholder: "the sandbox's own" });
    const reveal = h("button.icon-button.text", { type: "button", "aria-pressed": "false", onclick: () => {
      const hidden = secret.type === "password";
      secret.type = hidden ? "text" : "password";
      reveal.textContent = hidden ? "Hide" : "Show";
      reveal.setAttribute("aria-pressed", String(hidden));
    } }, "Show");
    const problem = h("p.failure", { hidden: true, role: "alert" });
    const save = async (event) => {
      event.preventDefault();
      const given = { webhook_url: inputs.webhook_url.value.trim(), tool_webhook_url: inputs.tool_webhook_url.value.trim(), webhook_secret: secret.value };
      if (secret.value === (project.webhook_secret ?? "") && project.webhook_secret_is_default) delete given.webhook_secret;
      const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value));
      await attempt(problem, () => send("PUT", "/sandbox/project", body, { project: id }), "Saved");
    };
    return panel("Webhooks", h("p", "Where the events and tool invocations of calls go that name no address of their own."),
      h("form", { onsubmit: save }, problem,
        labelled("Events", inputs.webhook_url), labelled("Tool invocations", inputs.tool_webhook_url),
        labelled("Secret", secret, h("div.with-button", secret, reveal, copyButton(() => secret.value, "secret"))),
        h("div.form-foot", h("button.button.primary", { type: "submit" }, "Save"))));
  }

  faults(id, faults) {
    const problem = h("p.failure", { hidden: true, role: "alert" });
    const change = (name, value) => {
      faults = { ...faults, [name]: value };
      attempt(problem, () => send("PUT", "/sandbox/faults", faults, { project: id }));
    };
    const switches = (list) => list.map(([name, title, help]) => {
      const often = h("select", { "aria-label": `How often: ${title}`, onchange: () => change(name, Number(often.value)) },
        [...new Set([0.1, 0.25, 0.5, 1, faults[name] || 0.25])].sort((one, other) => one - other).map((each) => h("option", { value: String(each) }, each === 1 ? "always" : `${Math.round(each * 100)} %`)));
      often.value = String(faults[name] || 0.25);
      often.disabled = !faults[name];
      const onchange = (event) => {
        often.disabled = !event.target.checked;
        change(name, event.target.checked ? Number(often.value) : 0);
      };
      return h("div.setting", toggle(`fault-${name}`, title, help, faults[name] > 0, onchange), often);
    });
    const delay = h("input", { type: "text", inputmode: "decimal", "aria-label": "Delay in seconds", value: String(faults.delay_seconds || 5), disabled: !faults.delay_seconds, onchange: () => change("delay_seconds", Number(delay.value)) });
    const delaying = (event) => {
      delay.disabled = !event.target.checked;
      change("delay_seconds", event.target.checked ? Number(delay.value) : 0);
    };
    const failure = h("select", { "aria-label": "How the next request fails" },
      [503, 500, 429, 502, 504, 401].map((each) => h("option", { value: String(each) }, each)),
      REQUEST_FAULTS.filter(([name]) => name !== "unavailable").map(([name, title]) => h("option", { value: name }, title)));
    const fail = () => {
      const status = Number(failure.value);
      const words = status ? `The next request will be answered ${status}` : `The next request: ${failure.selectedOptions[0].textContent.toLowerCase()}`;
      return attempt(problem, () => send("POST", "/sandbox/faults/next", status ? { status } : { fault: failure.value }, { project: id }), words);
    };
    return panel("Faults", h("p", "What goes wrong in production goes wrong here while a switch is on."), problem,
      h("h3.label", "Deliveries"), switches(FAULTS),
      h("div.setting", toggle("fault-delay", "Delay", "A delivery waits so many seconds before its first attempt.", faults.delay_seconds > 0, delaying), h("span.unit", delay, "s")),
      h("h3.label.spaced", "Requests to the API"), switches(REQUEST_FAULTS),
      h("div.setting", h("span.title", "Fail the next request"), h("span.with-button", failure, button("Fail it", fail))));
  }

  time(id) {
    const problem = h("p.failure", { hidden: true, role: "alert" });
    const now = new Date(Date.now() + state.clockOffset).toISOString().slice(0, 19);
    const moment = h("input", { type: "text", id: "set-clock", value: now.replace("T", " "), autocomplete: "off", spellcheck: "false" });
    const move = (method, path, body) => attempt(problem, async () => {
      await send(method, path, body, { project: id });
      await openSession();
      this.load();
    });
    const set = (event) => {
      event.preventDefault();
      move("PUT", "/sandbox/clock", { now: clockTime(moment.value) });
    };
    const advance = (words, seconds) => button(words, () => move("POST", "/sandbox/clock/advance", { seconds }));
    return panel("Time", h("p", "Calls run ", h("strong", state.session.speed === 1 ? "as fast as" : `${state.session.speed} times faster than`), " real ones. All projects share the clock."), problem,
      h("form", { onsubmit: set }, labelled("Clock, in UTC", moment, h("div.with-button", moment, h("button.button", { type: "submit" }, "Set")))),
      h("div.actions.left.spaced", advance("+ 1 hour", 3600), advance("+ 1 day", 86_400), advance("+ 30 days", 30 * 86_400), button("Wall clock", () => move("DELETE", "/sandbox/clock"))));
  }

  history(id) {
    const problem = h("p.failure", { hidden: true, role: "alert" });
    const calls = h("input", { type: "text", inputmode: "numeric", id: "seed-calls", value: "300" });
    const days = h("input", { type: "text", inputmode: "numeric", id: "seed-days", value: "30" });
    const seed = (event) => {
      event.preventDefault();
      attempt(problem, () => send("POST", "/sandbox/seed", { days: Number(days.value), calls: Number(calls.value), seed: 1 }, { project: id }), "The history is made");
    };
    return panel("History", h("p", "Calls that are over, with outcomes and usage, as if the project had been used for a while."), problem,
      h("form.pair", { onsubmit: seed }, labelled("Calls", calls), labelled("Days", days), h("button.button", { type: "submit" }, "Make it up")));
  }

  forgetting(id) {
    const start = button("Forget everything of this project", () => show(box, h("p", "Its calls, tools, deliveries and settings will be gone."), h("div.actions.left", button("Forget", forget, { kind: "danger" }), button("Keep", () => show(box, start)))), { kind: "danger" });
    const box = h("div", start);
    const forget = async () => {
      await attempt(null, () => send("POST", "/sandbox/reset", undefined, { project: id }), "Forgotten");
      await openSession();
      this.load();
    };
    return panel("Start over", box);
  }
}
customElements.define("settings-view", SettingsView);

const panel = (title, ...content) => h("section.panel", h("h2", title), content);
const address = (name, project, placeholder) => h("input", { type: "text", id: `set-${name}`, inputmode: "url", autocomplete: "off", spellcheck: "false", value: project[name] ?? "", placeholder });
const labelled = (words, input, element = input) => h("div.field", h("label.field-label", { for: input.id }, words), element);
const toggle = (id, title, help, on, onchange) => h("div.switch", h("input", { type: "checkbox", role: "switch", id, checked: on, onchange }), h("label", { for: id }, h("span.title", title), h("span.field-help", help)));

/** Return a time as the API takes it. Its seconds may be left out, and so may its time of day. */
function clockTime(text) {
  const [day, time = "00:00"] = text.trim().replace(/Z$/i, "").split(/[ T]+/);
  return `${day}T${/^\d\d:\d\d$/.test(time) ? `${time}:00` : time}Z`;
}

function copyButton(value, what) {
  return h("button.icon-button", { type: "button", "aria-label": `Copy ${what.toLowerCase()}`, onclick: () => copy(typeof value === "function" ? value() : value) }, icon("copy"));
}

async function attempt(problem, work, done) {
  if (problem) problem.hidden = true;
  try {
    await work();
    if (done) toast(done);
  } catch (error) {
    if (!problem) {
      toast(error.message, "bad");
      return;
    }
    problem.textContent = error.message;
    problem.hidden = false;
  }
}
