// The API's reference, as the specification has it.

import { specification, state } from "../api.js";
import { h, show } from "../dom.js";
import { resolve } from "../form.js";
import { go, href, route } from "../router.js";
import { asCurl, asPython } from "../snippets.js";
import { jsonBlock, programTabs } from "../code.js";
import { markdown } from "../markdown.js";
import { schemaTable } from "./tools.js";

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

class ReferenceView extends HTMLElement {
  async connectedCallback() {
    this.className = "view reference-view";
    this.contents = h("nav.contents", { "aria-label": "Contents" });
    this.body = h("div.reference-body", { tabindex: "0", role: "region", "aria-label": "Reference" });
    const actions = h("div.actions", h("a.button", { href: "/openapi.yaml" }, "openapi.yaml"), state.session?.reference && h("a.button", { href: "/reference" }, "Full reference"));
    // Where there is no room for the contents beside it, a menu has them.
    this.menu = h("select.contents-menu", { "aria-label": "Contents", onchange: () => go(href("reference", this.menu.value)) });
    show(this, h("div.page-head", h("h1", "Reference"), this.menu, actions), h("div.columns", this.contents, this.body));
    this.spec = await specification();
    this.draw();
    this.routed(route());
  }

  draw() {
    const { spec } = this;
    const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
      Object.keys(item).filter((method) => METHODS.has(method)).map((method) => ({ id: item[method].operationId, tag: item[method].tags?.[0], method: method.toUpperCase(), path, operation: item[method], shared: item.parameters ?? [] })));
    const events = Object.entries(spec.webhooks ?? {}).map(([name, item]) => ({ id: name, name, operation: item.post }));
    const link = (id, words) => {
      this.menu.append(h("option", { value: id }, words));
      return h("li", h("a", { href: href("reference", id) }, words));
    };
    show(this.contents,
      h("ul", link("overview", "Overview")),
      (spec.tags ?? []).filter((tag) => operations.some((each) => each.tag === tag.name)).map((tag) => [h("h2.label", tag.name), h("ul", operations.filter((each) => each.tag === tag.name).map((each) => link(each.id, each.operation.summary ?? each.id)))]),
      events.length > 0 && [h("h2.label", "webhooks"), h("ul", events.map((each) => link(each.id, each.name)))]);
    this.sections = new Map([
      ["overview", () => this.overview(operations, events)],
      ...operations.map((each) => [each.id, () => this.operation(each)]),
      ...events.map((each) => [each.id, () => this.event(each)]),
    ]);
  }

  overview(operations, events) {
    const { spec } = this;
    const listed = (each) => h("li", h("a", { href: href("reference", each.id) }, each.operation.summary ?? each.id), h("code.beside", each.method ? `${each.method} ${each.path}` : each.name));
    return h("section.operation",
      h("h2", spec.info.title, h("span.count", spec.info.version)),
      markdown(spec.info.description ?? ""),
      (spec.tags ?? []).map((tag) => {
        const of = tag.name === "webhooks" ? events : operations.filter((each) => each.tag === tag.name);
        return h("section.topic", h("h3", tag.name), markdown(tag.description ?? ""), of.length > 0 && h("ul.operations", of.map(listed)));
      }));
  }

  operation({ id, method, path, operation, shared }) {
    const { spec } = this;
    const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolve(each, spec));
    const media = operation.requestBody?.content?.["application/json"];
    const example = media && Object.values(media.examples ?? {})[0];
    const body = example && resolve(example, spec).value;
    const sample = path.replace(/\{call_id\}/, "call_8Zk2vQ").replace(/\{tool_id\}/, "tool_4fTq9s");
    return h("section.operation",
      h("h2", operation.summary ?? id),
      h("p.endpoint", h("span.method", method), h("code.wrap", path)),
      markdown(operation.description ?? ""),
      h("div.operation-columns",
        h("div",
          parameters.length > 0 && [h("h3", "Parameters"), schemaTable({ type: "object", properties: Object.fromEntries(parameters.map((each) => [each.name, { ...resolve(each.schema, spec), description: each.description }])), required: parameters.filter((each) => each.required).map((each) => each.name) }, spec)],
          media && [h("h3", "Body"), schemaTable(media.schema, spec)],
          h("h3", "Responses"),
          h("dl.schema", Object.entries(operation.responses).map(([status, response]) => {
            const answer = resolve(response, spec);
            return h("div", h("dt", h("code", status), h("span.type", answer.description)), h("dd"));
          }))),
        h("div.samples", programTabs([["Python", asPython(method, sample, body)], ["curl", asCurl(method, sample, body)]], "Request"), this.responseSample(operation))));
  }

  responseSample(operation) {
    const { spec } = this;
    const [, response] = Object.entries(operation.responses).find(([status]) => status.startsWith("2")) ?? [];
    const examples = Object.values(resolve(response, spec).content?.["application/json"]?.examples ?? {});
    return examples.length > 0 && [h("h3", "Response"), jsonBlock(resolve(examples[0], spec).value, "Response")];
  }

  event({ name, operation }) {
    const { spec } = this;
    const body = resolve(operation.requestBody, spec);
    const media = body.content["application/json"];
    const example = Object.values(media.examples ?? {})[0];
    return h("section.operation", h("h2", name), markdown(operation.description ?? operation.summary ?? ""),
      h("div.operation-columns", h("div", h("h3", "Body"), schemaTable(media.schema, spec)), h("div.samples", example && jsonBlock(resolve(example, spec).value, "Example"))));
  }

  routed({ id }) {
    if (!this.spec) return;
    const shown = this.sections.has(id) ? id : "overview";
    this.menu.value = shown;
    for (const link of this.contents.querySelectorAll("a")) link.toggleAttribute("aria-current", link.getAttribute("href") === href("reference", shown));
    show(this.body, this.sections.get(shown)());
    this.body.scrollTop = 0;
  }

  move(by) {
    this.body.scrollBy({ top: by * 120 });
  }
}
customElements.define("reference-view", ReferenceView);
