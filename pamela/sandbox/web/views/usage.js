// What was used: calls and minutes by day and by month.

import { read, state } from "../api.js";
import { barChart } from "../chart.js";
import { debounced, h, icon, show } from "../dom.js";
import { count, money, monthName } from "../format.js";
import { href, route, setQuery } from "../router.js";
import { programTabs } from "../code.js";
import { starters } from "../snippets.js";
import { listen } from "../stream.js";

const PRICE = 0.1;

class UsageView extends HTMLElement {
  connectedCallback() {
    this.className = "view usage-view";
    this.content = h("div.usage-body");
    this.month = h("div.stepper");
    show(this, h("div.page-head", h("h1", "Usage"), h("div.actions", this.month)), this.content);
    this.reload = debounced(1000, () => this.load());
    this.onProject = () => this.load();
    addEventListener("projectchange", this.onProject);
    this.stop = listen((kind) => {
      if (["call", "reset", "resync"].includes(kind)) this.reload();
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
    const month = route().query.get("month") ?? "";
    let usage;
    try {
      usage = await read("usage", { project: state.project, month });
    } catch (error) {
      show(this.content, h("p.failure", { role: "alert" }, error.message));
      return;
    }
    this.draw(usage);
  }

  draw({ month, days, months, this_month: present }) {
    const step = (by) => {
      const [year, number] = month.split("-").map(Number);
      return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
    };
    show(this.month,
      h("button.icon-button", { type: "button", "aria-label": "Month before", onclick: () => setQuery({ month: step(-1) }) }, icon("back")),
      h("span", monthName(month)),
      h("button.icon-button", { type: "button", "aria-label": "Month after", disabled: month >= present, onclick: () => setQuery({ month: step(1) }) }, icon("next")));
    const sum = (name) => days.reduce((total, day) => total + day[name], 0);
    const minutes = sum("seconds") / 60;
    if (!months.some((each) => each.calls)) {
      show(this.content, h("div.empty", h("h2", "Nothing used yet"), h("p", "Calls that connect are counted here, by day and by month, and billed by the begun minute."), programTabs(starters.calls(), "Place a call")));
      return;
    }
    show(this.content,
      h("dl.figures",
        figure("Calls connected", count(sum("calls"))),
        figure("Minutes talked", count(Math.round(minutes))),
        figure("Minutes billed", count(sum("billed_minutes"))),
        figure("Cost", money(sum("billed_minutes") * PRICE))),
      panel("Minutes billed by day", barChart(days.map((day) => ({ label: String(Number(day.day.slice(8))), title: day.day, value: day.billed_minutes })), { label: `Minutes billed by day in ${monthName(month)}`, format: whole, every: days.length > 20 ? 3 : 1 })),
      panel("Calls by day", barChart(days.map((day) => ({ label: String(Number(day.day.slice(8))), title: day.day, value: day.calls })), { label: `Calls by day in ${monthName(month)}`, format: whole, every: 3 })),
      panel("Minutes billed by month", barChart(months.map((each) => ({ label: monthName(each.month).slice(0, 3), title: monthName(each.month), value: each.billed_minutes, strong: each.month === month })), { label: "Minutes billed by month", format: whole })),
      panel("Calls by month", barChart(months.map((each) => ({ label: monthName(each.month).slice(0, 3), title: monthName(each.month), value: each.calls, strong: each.month === month })), { label: "Calls by month", format: whole })),
      h("p.field-help", "Only calls that connected are billed, in the UTC month in which they did: by the begun minute, at $0.10. ", h("a", { href: href("reference", "get_usage") }, "get_usage"), " answers the same."));
  }
}
customElements.define("usage-view", UsageView);

const whole = (value) => count(Math.round(value * 10) / 10);
const figure = (name, value) => h("div", h("dt", name), h("dd", value));
const panel = (title, chart) => h("section.panel", h("h2", title), chart);
