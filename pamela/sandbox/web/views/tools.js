// The tools of a project: what they take and return, and a way to try each.

import { API, read, send, state } from "../api.js";
import { button, debounced, h, icon, show, toast } from "../dom.js";
import { SchemaForm, constraints, resolve, typeOf } from "../form.js";
import { milliseconds, when } from "../format.js";
import { go, href, route } from "../router.js";
import { starters } from "../snippets.js";
import { bodyBlock, jsonBlock, programTabs } from "../code.js";
import { listen } from "../stream.js";
import { deliveryStatus, facts, httpStatus, projectOf } from "./words.js";

class ToolsView extends HTMLElement {
  connectedCallback() {
    this.className = "view tools-view";
    this.total = h("span.count");
    this.items = h("ul.tool-list", { "aria-label": "Tools" });
    this.pane = h("section.pane", { hidden: true, "aria-label": "Tool" });
    this.emptyBox = h("div.table-notice", { hidden: true });
    show(this, h("div.page-head", h("h1", "Tools", this.total)), h("div.split", this.items, this.emptyBox, this.pane));
    this.tools = [];
    this.reload = debounced(80, () => this.load());
    this.onProject = () => this.load();
    addEventListener("projectchange", this.onProject);
    this.stop = listen((kind, data) => {
      if (["tools", "reset", "resync", "project"].includes(kind)) this.reload();
      if (kind === "delivery" && data.id === this.tried) this.showResult(data.id);
    });
    this.load();
  }

  disconnectedCallback() {
    this.stop();
    removeEventListener("projectchange", this.onProject);
  }

  routed({ id }) {
    this.open(id);
  }

  async load() {
    let page;
    try {
      page = await read("tools", { project: state.project });
    } catch (error) {
      this.emptyBox.hidden = false;
      show(this.emptyBox, h("p.failure", { role: "alert" }, error.message));
      return;
    }
    this.tools = page.items;
    this.total.textContent = String(page.items.length);
    this.emptyBox.hidden = page.items.length > 0;
    this.items.hidden = page.items.length === 0;
    if (!page.items.length) show(this.emptyBox, h("div.empty", h("h2", "No tools yet"), h("p", "A tool is a function of yours that the agent may call while it talks. Register one, and try it here against your application."), programTabs(starters.tools(), "Register a tool")));
    this.drawItems();
    this.openId = undefined;
    this.open(route().id);
  }

  drawItems() {
    const { id } = route();
    show(this.items, this.tools.map((tool) => h("li", h("a", { href: href("tools", tool.id), "aria-current": tool.id === id ? "true" : null },
      h("code", tool.name), projectOf(tool.project_id), h("span.clip", tool.description), h("span.beside", signature(tool.input_schema))))));
  }

  open(id) {
    this.classList.toggle("has-open", Boolean(id));
    if (id === this.openId) return;
    this.openId = id;
    this.pane.hidden = !id;
    for (const link of this.items.querySelectorAll("a")) link.toggleAttribute("aria-current", link.getAttribute("href") === href("tools", id));
    const tool = this.tools.find((each) => each.id === id);
    if (!id) return;
    show(this.pane, tool ? this.detail(tool) : h("p.nothing", "No such tool."));
  }

  detail(tool) {
    this.form = new SchemaForm();
    this.form.configure({ schema: tool.input_schema });
    this.result = h("div.result", { role: "status" });
    const noAddress = h("p.hint", "No tool address is set, so there is nothing to send it to. ", h("a", { href: href("settings") }, "Set one"), ".");
    return [
      h("a.close", { href: href("tools"), "aria-label": "Tools: close details" }, icon("back"), h("span", "Tools"), icon("close")),
      h("header.pane-head", h("h2", h("code", tool.name)), h("p", tool.description),
        h("div.actions", button("Delete", () => this.remove(tool), { kind: "danger" }))),
      h("h3", "Try it"),
      h("p.field-help", "A real, signed invocation goes to ", tool.address ? h("code.wrap", tool.address) : "the project's tool address", "."),
      !tool.address && noAddress,
      h("form", { onsubmit: (event) => this.invoke(event, tool), novalidate: true }, this.form,
        h("div.form-foot", h("button.button.primary", { type: "submit", disabled: !tool.address }, h("span", "Invoke")))),
      this.result,
      h("h3", "Arguments"), schemaTable(tool.input_schema),
      tool.output_schema && [h("h3", "Result"), schemaTable(tool.output_schema)],
      facts([["Timeout", milliseconds(tool.timeout_ms)], ["Registered", when(tool.created_at)], ["Id", h("code", tool.id)]]),
      h("details.more", h("summary", "JSON"), jsonBlock(tool, "Tool")),
    ];
  }

  async invoke(event, tool) {
    event.preventDefault();
    if (!this.form.check()) return;
    try {
      const delivery = await send("POST", `/sandbox/tools/${encodeURIComponent(tool.name)}/invoke`, { arguments: this.form.value }, { project: tool.project_id });
      this.tried = delivery.id;
      this.showResult(delivery.id);
    } catch (error) {
      show(this.result, h("p.failure", error.message));
    }
  }

  async showResult(id) {
    const delivery = await read(`deliveries/${encodeURIComponent(id)}`).catch(() => null);
    if (!delivery || id !== this.tried) return;
    const attempt = delivery.attempts.at(-1);
    show(this.result,
      h("p.pane-line", deliveryStatus(delivery.status), attempt && httpStatus(attempt.response_status), attempt && h("span", milliseconds(attempt.duration_ms)), h("a", { href: href("deliveries", id) }, "Delivery")),
      attempt && (attempt.error ? h("p.failure", attempt.error) : bodyBlock(attempt.response_body, "Answer")));
  }

  async remove(tool) {
    try {
      await send("DELETE", `${API}/tools/${encodeURIComponent(tool.id)}`, undefined, { project: tool.project_id });
      toast(`${tool.name} deleted`);
      go(href("tools"));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  move(by) {
    const links = [...this.items.querySelectorAll("a")];
    const now = links.findIndex((link) => link === document.activeElement || link.hasAttribute("aria-current"));
    const next = links[Math.min(Math.max(now + by, 0), links.length - 1)];
    next?.focus();
    if (this.openId) next?.click();
  }

  back() {
    if (!this.openId) return false;
    go(href("tools"));
    return true;
  }
}
customElements.define("tools-view", ToolsView);

const signature = (schema) => `(${Object.keys(schema?.properties ?? {}).slice(0, 6).join(", ")})`;

/** Return the fields of a schema as a table. */
export function schemaTable(schema, root = schema, depth = 0) {
  const top = resolve(schema, root);
  const properties = Object.entries(top.properties ?? {}).slice(0, 80);
  if (!properties.length) return h("p.nothing", typeOf(top) === "object" ? "Any object" : typeOf(top));
  return h("dl.schema", properties.map(([name, each]) => {
    const field = resolve(each, root);
    const items = typeOf(field) === "array" ? resolve(field.items, root) : null;
    const inner = field.properties ? field : items?.properties ? items : null;
    return h("div",
      h("dt", h("code", name), h("span.type", items ? `array of ${typeOf(items)}` : typeText(field)), (top.required ?? []).includes(name) && h("span.required", "required")),
      h("dd", field.description && h("p", field.description), constraints(field, field.description).length > 0 && h("p.field-help", constraints(field, field.description).join(" · ")), inner && depth < 3 && schemaTable(inner, root, depth + 1)));
  }));
}

function typeText(schema) {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((each) => each.title ?? each.$ref?.split("/").at(-1) ?? typeOf(each)).join(" or ");
  return Array.isArray(schema.type) ? schema.type.join(" or ") : typeOf(schema);
}
