// Forms made from JSON Schema: the API's own, and those of tools.

import { h, show } from "./dom.js";
import { parsed, pretty } from "./code.js";

const DEEPEST = 3;
const MOST_FIELDS = 60;
let lastNumber = 0;

/** Return a schema with its references into a document followed. */
export function resolve(schema, document) {
  let at = schema ?? {};
  for (let steps = 0; typeof at.$ref === "string" && steps < 10; steps += 1) {
    const { $ref, ...beside } = at;
    const target = $ref.startsWith("#/")
      ? $ref.slice(2).split("/").reduce((node, name) => node?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], document)
      : {};
    at = { ...(target ?? {}), ...beside };
  }
  return at;
}

export function typeOf(schema) {
  if (Array.isArray(schema.type)) return schema.type.find((each) => each !== "null") ?? "null";
  if (schema.type) return schema.type;
  if (schema.properties) return "object";
  return "any";
}

/** Return the constraints of a schema in words, but for those that its description has already. */
export function constraints(schema, description = "") {
  const words = [];
  if (schema.enum) words.push(`one of ${schema.enum.map((each) => JSON.stringify(each)).join(", ")}`);
  if (schema.minimum !== undefined && schema.maximum !== undefined) words.push(`${schema.minimum} to ${schema.maximum}`);
  else if (schema.minimum !== undefined) words.push(`at least ${schema.minimum}`);
  else if (schema.maximum !== undefined) words.push(`at most ${schema.maximum}`);
  if (schema.minLength > 1) words.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) words.push(`at most ${schema.maxLength} characters`);
  if (schema.format) words.push(schema.format);
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  return words.filter((each) => !description.includes(each));
}

/** A form for an object of a schema. Its `value` has the fields that are filled in. */
export class SchemaForm extends HTMLElement {
  /** Take the schema, the document that its references point into, and what to put in at first. */
  configure({ schema, document: root = schema, value = {}, suggestions = {}, long = [], groups }) {
    this.fields = new Map();
    this.context = { root, suggestions, long: new Set(long), budget: MOST_FIELDS };
    const top = resolve(schema, root);
    const names = Object.keys(top.properties ?? {}).slice(0, MOST_FIELDS);
    const make = (name) => this.field(name, top, value[name], 0);
    show(this, groups ? groups(names, make) : names.map(make));
    if (!names.length) show(this, h("p.nothing", "It takes no arguments."));
    this.addEventListener("input", () => this.dispatchEvent(new Event("change")));
  }

  field(name, parent, value, depth) {
    const field = makeField(name, parent, value, depth, this.context);
    this.fields.set(name, field);
    return field.element;
  }

  /** Return what is filled in, and remember what cannot be read. */
  get value() {
    return valueOf(this.fields);
  }

  set value(value) {
    for (const [name, field] of this.fields) field.write(value[name]);
    this.dispatchEvent(new Event("change"));
  }

  /** Return whether everything can be read; if not, show what cannot. */
  check() {
    let first = null;
    for (const field of allFields(this.fields)) {
      const problem = field.problem();
      field.complain(problem);
      if (problem) first ??= field;
    }
    first?.focus();
    return first === null;
  }

  /** Show what the sandbox finds wrong; returns the issues that belong to no field. */
  complain(issues) {
    for (const field of allFields(this.fields)) field.complain("");
    const rest = [];
    let first = null;
    for (const { loc, msg } of issues) {
      const field = find(this.fields, loc.slice(loc[0] === "body" ? 1 : 0));
      if (!field) rest.push(`${loc.join(".")}: ${msg}`);
      else {
        field.complain(msg);
        first ??= field;
      }
    }
    first?.focus();
    return rest;
  }
}
customElements.define("schema-form", SchemaForm);

function* allFields(fields) {
  for (const field of fields.values()) {
    yield field;
    if (field.fields) yield* allFields(field.fields);
  }
}

function find(fields, [name, ...rest]) {
  const field = fields.get(name);
  return (rest.length && field?.fields && find(field.fields, rest)) || field;
}

function valueOf(fields) {
  const value = {};
  for (const [name, field] of fields) {
    const each = field.read();
    if (each !== undefined) value[name] = each;
  }
  return value;
}

function makeField(name, parent, value, depth, context) {
  const schema = resolve(parent.properties[name], context.root);
  const required = (parent.required ?? []).includes(name);
  if (typeOf(schema) === "object" && schema.properties && depth < DEEPEST && context.budget > 0) {
    return group(name, schema, value, depth, context, required);
  }
  context.budget -= 1;
  return simpleField(name, schema, value, context, required);
}

function group(name, schema, value, depth, context, required) {
  const fields = new Map();
  const elements = Object.keys(schema.properties).slice(0, MOST_FIELDS).map((each) => {
    const field = makeField(each, schema, value?.[each], depth + 1, context);
    fields.set(each, field);
    return field.element;
  });
  const problem = h("p.field-problem", { hidden: true });
  const element = h("fieldset.field-group", h("legend", h("code", name), required && [" ", h("span.required", "required")]),
    schema.description && h("p.field-help", schema.description), elements, problem);
  return {
    element,
    fields,
    read() {
      const inner = valueOf(fields);
      return Object.keys(inner).length || required ? inner : undefined;
    },
    write: (whole) => fields.forEach((field, each) => field.write(whole?.[each])),
    problem: () => "",
    complain: (text) => tell(problem, text),
    focus: () => fields.values().next().value?.focus(),
  };
}

function tell(problem, text) {
  problem.textContent = text;
  problem.hidden = !text;
}

function simpleField(name, schema, value, context, required) {
  const id = `field-${(lastNumber += 1)}`;
  const control = makeControl(id, name, schema, context, required);
  const problem = h("p.field-problem", { id: `${id}-problem`, hidden: true });
  const help = [schema.description, ...constraints({ ...schema, enum: undefined }, schema.description)].filter(Boolean);
  const helpId = `${id}-help`;
  control.input.setAttribute("aria-describedby", help.length ? `${helpId} ${id}-problem` : `${id}-problem`);
  const label = control.grouped
    ? h("span.field-label", { id: `${id}-label` }, h("code", name), required && [" ", h("span.required", "required")])
    : h("label.field-label", { for: id }, h("code", name), required && [" ", h("span.required", "required")]);
  if (control.grouped) control.input.setAttribute("aria-labelledby", `${id}-label`);
  const element = h(
    "div.field",
    h("div.field-head", label, help.length > 0 && h("p.field-help", { id: helpId }, help.join(" · "))),
    h("div.field-body", control.element, problem),
  );
  if (value !== undefined) control.write(value);
  return {
    element,
    read: control.read,
    write: control.write,
    problem: () => (required && control.read() === undefined ? "Fill this in." : control.problem?.() ?? ""),
    complain(text) {
      tell(problem, text);
      control.input.toggleAttribute("aria-invalid", false);
      if (text) control.input.setAttribute("aria-invalid", "true");
    },
    focus: () => (control.grouped ? control.input.querySelector("input")?.focus() : control.input.focus()),
  };
}

function makeControl(id, name, schema, context, required) {
  const type = typeOf(schema);
  if (schema.enum && schema.enum.length <= 5) return choice(id, schema.enum, required);
  if (schema.enum) return menu(id, schema.enum, required);
  if (type === "boolean") return choice(id, [true, false], required);
  if (type === "integer" || type === "number") return number(id, schema, type);
  if (type === "string") return text(id, name, schema, context);
  return json(id, schema);
}

const exampleOf = (schema) => schema.examples?.[0] ?? schema.example ?? schema.default;

function text(id, name, schema, context) {
  const suggested = context.suggestions[name];
  const example = exampleOf(schema);
  const properties = { id, name, placeholder: example === undefined ? "" : String(example), autocomplete: "off", spellcheck: "false" };
  const input = context.long.has(name) ? h("textarea", { ...properties, rows: "2", spellcheck: "true" }) : h("input", { ...properties, type: "text" });
  const read = () => (input.value === "" ? undefined : input.value);
  const write = (value) => {
    input.value = value ?? "";
  };
  if (!suggested) return { element: input, input, read, write };
  const select = h(
    "select.suggestions",
    { "aria-label": `Numbers with an outcome, for ${name}`, onchange: () => {
      if (select.value) write(select.value);
      select.value = "";
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    } },
    h("option", { value: "" }, "Outcome…"),
    suggested.map(([value, words]) => h("option", { value }, words)),
  );
  return { element: h("div.with-menu", input, select), input, read, write };
}

function number(id, schema, type) {
  const example = exampleOf(schema);
  const input = h("input", { id, type: "text", inputmode: type === "integer" ? "numeric" : "decimal", placeholder: example ?? "", autocomplete: "off" });
  return {
    element: input,
    input,
    read: () => {
      const value = Number(input.value);
      return input.value.trim() === "" ? undefined : Number.isFinite(value) ? value : input.value;
    },
    write: (value) => {
      input.value = value ?? "";
    },
    problem: () => (typeof (input.value.trim() === "" ? 0 : Number(input.value)) === "number" && !Number.isNaN(Number(input.value)) ? "" : "This is not a number."),
  };
}

function menu(id, values, required) {
  const input = h("select", { id }, !required && h("option", { value: "" }, "–"), values.map((each, index) => h("option", { value: String(index) }, String(each))));
  return {
    element: input,
    input,
    read: () => (input.value === "" ? undefined : values[Number(input.value)]),
    write: (value) => {
      const index = values.indexOf(value);
      input.value = index < 0 ? "" : String(index);
    },
  };
}

// A few values lie side by side; the first button stands for none of them.
function choice(id, values, required) {
  const shownValues = required ? values : [undefined, ...values];
  const radios = shownValues.map((each, index) => h("input", { type: "radio", name: id, id: `${id}-${index}`, value: String(index), checked: !required && index === 0 }));
  const input = h(
    "div.segmented",
    { role: "radiogroup", id },
    radios.map((radio, index) => [radio, h("label", { for: radio.id }, shownValues[index] === undefined ? "not set" : String(shownValues[index]))]),
  );
  return {
    element: input,
    input,
    grouped: true,
    read: () => shownValues[radios.findIndex((each) => each.checked)],
    write: (value) => radios.forEach((radio, index) => {
      radio.checked = shownValues[index] === value;
    }),
  };
}

function json(id, schema) {
  const example = exampleOf(schema);
  const input = h("textarea.mono", { id, rows: "3", spellcheck: "false", placeholder: example === undefined ? (typeOf(schema) === "array" ? "[]" : "{}") : pretty(example) });
  return {
    element: input,
    input,
    read: () => (input.value.trim() === "" ? undefined : (parsed(input.value) ?? input.value)),
    write: (value) => {
      input.value = value === undefined ? "" : pretty(value);
    },
    problem: () => (input.value.trim() !== "" && parsed(input.value) === undefined ? "This is not JSON." : ""),
  };
}
