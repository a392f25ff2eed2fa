// A table of any length: only the rows in sight are elements, and only pages in sight are fetched.

import { h, show } from "./dom.js";

const PAGE = 100;
const SPARE_ROWS = 10;

/** The rows of a list, newest first, as far as they have been looked at. */
export class Rows extends EventTarget {
  /** Take `fetchPage(offset, limit)`, which promises `{items, total}`, and `accepts(row)`, whether a new row belongs here. */
  constructor(fetchPage, accepts) {
    super();
    this.fetchPage = fetchPage;
    this.accepts = accepts;
    this.rows = [];
    this.loaded = false;
    this.error = null;
    this.fetching = new Set();
    this.generation = 0;
  }

  get total() {
    return this.rows.length;
  }

  indexOf(id) {
    return this.rows.findIndex((row) => row?.id === id);
  }

  /** Fetch everything anew; what is shown stays until it has come. */
  async reload() {
    this.generation += 1;
    this.fetching.clear();
    await this.fetch(0, true);
  }

  /** Fetch what is missing between two indexes. */
  ensure(from, to) {
    for (let index = from; index < Math.min(to, this.total); index += 1) {
      if (this.rows[index] === undefined) this.fetch(index - (index % PAGE));
    }
  }

  async fetch(offset, afresh = false) {
    if (this.fetching.has(offset)) return;
    this.fetching.add(offset);
    const { generation } = this;
    try {
      const page = await this.fetchPage(offset, PAGE);
      if (generation !== this.generation) return;
      if (afresh) this.rows = [];
      this.rows.length = page.total;
      page.items.forEach((row, index) => {
        this.rows[offset + index] = row;
      });
      this.page = page;
      this.error = null;
      this.loaded = true;
    } catch (error) {
      if (generation !== this.generation) return;
      this.error = error;
    } finally {
      if (generation === this.generation) this.fetching.delete(offset);
    }
    this.changed();
  }

  /** Take in a row that is new or has changed. */
  put(row) {
    const index = this.indexOf(row.id);
    if (index >= 0) {
      if (this.accepts(row)) this.rows[index] = row;
      else this.rows.splice(index, 1);
      this.changed();
    } else if (this.loaded && this.accepts(row) && !(this.rows[0]?.seq > row.seq)) {
      this.rows.unshift(row);
      this.dispatchEvent(new CustomEvent("grown"));
      this.changed();
    }
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** A table with one row of elements for each row in sight.
 *
 * Its `columns` are `{name, title, cell(row)}`; the cell of the column named `link` is the row's link.
 */
export class DataTable extends HTMLElement {
  constructor() {
    super();
    this.shown = new Map();
    this.narrow = matchMedia("(max-width: 759px)");
    this.draw = this.draw.bind(this);
    this.schedule = this.schedule.bind(this);
  }

  /** Say what to show: `{label, kind, columns, href(row), empty()}`. */
  configure(options) {
    this.options = options;
    this.head = h("div.table-head", { role: "rowgroup" }, h(
      "div.table-row", { role: "row" },
      options.columns.map((column) => h(`div.cell.cell-${column.name}`, { role: "columnheader" }, column.title)),
    ));
    this.body = h("div.table-body", { role: "rowgroup" });
    this.table = h(`div.table.${options.kind}`, { role: "table", "aria-label": options.label }, this.head, this.body);
    this.scroller = h("div.table-scroll", { tabindex: "0", role: "region", "aria-label": options.label }, this.table);
    this.notice = h("div.table-notice", { hidden: true });
    show(this, this.scroller, this.notice);
    this.scroller.addEventListener("scroll", this.schedule, { passive: true });
    this.observer = new ResizeObserver(this.schedule);
    this.observer.observe(this.scroller);
    this.narrow.addEventListener("change", () => this.forget());
  }

  set rows(rows) {
    this.source?.removeEventListener("change", this.schedule);
    this.source = rows;
    this.forget();
    rows.addEventListener("change", this.schedule);
    // What is being read stays where it is when rows come in above.
    rows.addEventListener("grown", () => {
      if (this.scroller.scrollTop > this.rowHeight) this.scroller.scrollTop += this.rowHeight;
    });
  }

  get rowHeight() {
    return this.narrow.matches ? 64 : 40;
  }

  disconnectedCallback() {
    this.observer?.disconnect();
    this.source?.removeEventListener("change", this.schedule);
  }

  forget() {
    this.body?.replaceChildren();
    this.shown.clear();
    this.schedule();
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (!this.isConnected || !this.source) return;
    const { total } = this.source;
    const height = this.rowHeight;
    this.body.style.height = `${total * height}px`;
    this.table.setAttribute("aria-rowcount", total + 1);
    const top = this.scroller.scrollTop;
    const first = Math.max(Math.floor(top / height) - SPARE_ROWS, 0);
    const last = Math.min(Math.ceil((top + this.scroller.clientHeight) / height) + SPARE_ROWS, total);
    this.source.ensure(first, last);
    const keyOf = (index) => this.source.rows[index]?.id ?? `missing ${index}`;
    const wanted = new Set();
    for (let index = first; index < last; index += 1) wanted.add(keyOf(index));
    for (const [key, element] of this.shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.shown.delete(key);
    }
    // From the last to the first, so that elements lie in the order of the rows, and none moves that need not.
    let next = null;
    for (let index = last - 1; index >= first; index -= 1) {
      const element = this.place(keyOf(index), this.source.rows[index], index, height);
      if (element.parentNode !== this.body || element.nextSibling !== next) this.body.insertBefore(element, next);
      next = element;
    }
    this.showNotice(total);
  }

  place(key, row, index, height) {
    let element = this.shown.get(key);
    if (!element) {
      element = row ? this.make(row) : h("div.table-row.missing", { role: "row" }, h("div.cell", { role: "cell" }));
      this.shown.set(key, element);
    } else if (row && element.row !== row) {
      this.update(element, row);
    }
    if (element.index !== index) {
      element.index = index;
      element.setAttribute("aria-rowindex", index + 2);
      element.style.transform = `translateY(${index * height}px)`;
    }
    element.classList.toggle("current", key === this.current);
    return element;
  }

  make(row) {
    const element = h("div.table-row", { role: "row" });
    element.cells = this.options.columns.map((column) => h(`div.cell.cell-${column.name}`, { role: "cell" }));
    append(element, element.cells);
    this.update(element, row);
    return element;
  }

  update(element, row) {
    element.row = row;
    this.options.columns.forEach((column, index) => {
      const cell = element.cells[index];
      if (column.name !== "link") show(cell, column.cell(row));
      // The link keeps the focus that it may have.
      else if (cell.firstChild) show(cell.firstChild, column.cell(row));
      else cell.append(h("a.row-link", { href: this.options.href(row) }, column.cell(row)));
    });
  }

  showNotice(total) {
    const { error, loaded } = this.source;
    const kind = error ? "error" : loaded && total === 0 ? "empty" : "";
    if (this.notice.dataset.kind === kind && !error) return;
    this.notice.dataset.kind = kind;
    this.notice.hidden = kind === "";
    this.scroller.hidden = kind === "empty";
    if (kind === "error") show(this.notice, h("p.failure", { role: "alert" }, error.message));
    if (kind === "empty") show(this.notice, this.options.empty());
  }

  /** Forget which notice is shown, as what it says may have changed. */
  renewNotice() {
    this.notice.dataset.kind = "?";
    this.schedule();
  }

  /** Move the focus by so many rows. */
  move(by) {
    const { total } = this.source;
    if (!total) return;
    const focused = document.activeElement?.closest(".table-row")?.index;
    const known = focused ?? (this.current ? this.source.indexOf(this.current) : -1);
    const index = Math.min(Math.max(known < 0 ? 0 : known + by, 0), total - 1);
    const height = this.rowHeight;
    const headHeight = this.head.offsetHeight;
    const { scrollTop, clientHeight } = this.scroller;
    if (index * height < scrollTop) this.scroller.scrollTop = index * height;
    if ((index + 1) * height > scrollTop + clientHeight - headHeight) {
      this.scroller.scrollTop = (index + 1) * height - clientHeight + headHeight;
    }
    this.draw();
    const row = this.source.rows[index];
    this.shown.get(row?.id)?.querySelector("a.row-link")?.focus({ preventScroll: true });
  }

  /** Mark the row that is open beside the table. */
  mark(id) {
    this.current = id;
    this.schedule();
  }
}
customElements.define("data-table", DataTable);

function append(element, children) {
  element.append(...children);
}
