// What the lists have in common: search and filters in the address, a live table, and a pane beside it for what is open.

import { read, state } from "../api.js";
import { button, debounced, h, icon, show } from "../dom.js";
import { count } from "../format.js";
import { DataTable, Rows } from "../list.js";
import { href, route, setQuery } from "../router.js";
import { listen } from "../stream.js";

/** A list of a kind of thing. A subclass says what it is in `this.list`. */
export class ListView extends HTMLElement {
  connectedCallback() {
    const { title, name, kind, columns } = this.list;
    this.className = "view list-view";
    this.total = h("span.count");
    this.searchBox = h("input.search", {
      type: "search", placeholder: this.list.searchHint, "aria-label": `Search ${title.toLowerCase()}`, autocomplete: "off", spellcheck: "false",
      oninput: debounced(150, () => setQuery({ q: this.searchBox.value.trim() })),
    });
    this.filterBox = h("div.filters", { role: "group", "aria-label": "Filter" });
    this.pane = h("section.pane", { hidden: true, "aria-label": "Details" });
    this.table = new DataTable();
    this.table.configure({ label: title, kind, columns, href: (row) => this.list.href?.(row) ?? href(name, row.id, route().query), empty: () => this.empty() });
    show(
      this,
      h("div.page-head", h("h1", title, this.total), h("div.search-box", icon("search"), this.searchBox, h("kbd", { "aria-hidden": "true" }, "/")), this.list.actions?.()),
      h("div.toolbar", this.filterBox),
      h("div.split", this.table, this.pane),
    );
    this.stop = listen((kindOfEvent, data) => this.hear(kindOfEvent, data));
    this.recount = debounced(1000, () => this.countAgain());
    this.onProject = () => this.load();
    addEventListener("projectchange", this.onProject);
    this.routed(route());
  }

  disconnectedCallback() {
    this.stop();
    removeEventListener("projectchange", this.onProject);
  }

  routed({ id, query }) {
    const key = query.toString();
    this.query = query;
    if (document.activeElement !== this.searchBox) this.searchBox.value = query.get("q") ?? "";
    if (key !== this.key) {
      this.key = key;
      this.load();
    }
    if (this.list.detail) this.open(id);
  }

  get filters() {
    return { ...Object.fromEntries(this.query), project: state.project };
  }

  load() {
    const filters = this.filters;
    const source = new Rows(
      (offset, limit) => read(this.list.name, { ...filters, offset, limit }),
      (row) => (!filters.project || row.project_id === filters.project) && this.list.accepts(row, filters),
    );
    source.addEventListener("change", () => this.counted());
    this.source = source;
    source.reload().then(() => {
      // Until the new rows are there the old ones stay, so that nothing flickers.
      if (this.source !== source) return;
      this.table.rows = source;
      this.counted();
    });
  }

  counted() {
    const { source } = this;
    if (source !== this.source || !source.loaded) return;
    this.total.textContent = count(source.total);
    const counts = source.page?.counts ?? {};
    const known = JSON.stringify([counts, this.key]);
    if (known === this.shownCounts) return;
    this.shownCounts = known;
    this.drawFilters(counts);
  }

  drawFilters(counts) {
    const { filter, choices } = this.list;
    const now = this.query.get(filter) ?? "";
    const sum = Object.values(counts).reduce((total, each) => total + each, 0);
    show(this.filterBox, choices.map(([value, words]) => {
      const amount = value === "" ? sum : value.split(",").reduce((total, each) => total + (counts[each] ?? 0), 0);
      return h("button.chip", {
        type: "button",
        "aria-pressed": String(now === value),
        onclick: () => setQuery({ [filter]: value }),
      }, words, h("span.count", count(amount)));
    }));
  }

  async countAgain() {
    const { source } = this;
    try {
      const page = await read(this.list.name, { ...this.filters, offset: 0, limit: 0 });
      if (source !== this.source || !source.page) return;
      source.page.counts = page.counts;
      this.counted();
    } catch {
      // The badge says that the sandbox does not answer.
    }
  }

  hear(kind, data) {
    if (kind === this.list.event) {
      this.source?.put(data);
      this.recount();
      if (data.id === this.openId) this.list.detailChanged?.(data, this.pane);
    } else if (kind === "resync" || kind === "reset") {
      this.source?.reload();
      this.recount();
      if (kind === "resync" && this.openId) this.reopen();
    }
  }

  empty() {
    if (this.query.get("q") || this.query.get(this.list.filter)) {
      return h("div.empty", h("h2", "Nothing matches"), h("p", "No entry has what the search and the filter ask for."),
        button("Show all", () => setQuery({ q: "", [this.list.filter]: "" })));
    }
    return this.list.empty();
  }

  open(id) {
    this.classList.toggle("has-open", Boolean(id));
    this.table.mark(id);
    if (id === this.openId) return;
    this.openId = id;
    this.pane.hidden = !id;
    if (id) this.reopen();
    else this.pane.replaceChildren();
  }

  async reopen() {
    const id = this.openId;
    try {
      const thing = await read(`${this.list.name}/${encodeURIComponent(id)}`);
      if (id !== this.openId) return;
      show(this.pane, this.closeButton(), this.list.detail(thing));
    } catch (error) {
      if (id !== this.openId) return;
      show(this.pane, this.closeButton(), h("p.failure", { role: "alert" }, error.message));
    }
    this.pane.scrollTop = 0;
  }

  closeButton() {
    return h("a.close", { href: href(this.list.name, "", this.query), "aria-label": `${this.list.title}: close details` }, icon("back"), h("span", this.list.title), icon("close"));
  }

  // What the keyboard asks for; see app.js.
  search() {
    this.searchBox.focus();
    this.searchBox.select();
  }

  move(by) {
    this.table.move(by);
    if (this.openId) document.activeElement?.closest?.(".table-row")?.querySelector("a.row-link")?.click();
  }

  back() {
    if (!this.openId) return false;
    location.hash = href(this.list.name, "", this.query);
    return true;
  }
}
