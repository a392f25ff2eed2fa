// What the sandbox sends to the application: each attempt, and what the application answered.

import { send } from "../api.js";
import { button, h, show, toast } from "../dom.js";
import { exactly, milliseconds, when } from "../format.js";
import { go, href } from "../router.js";
import { starters } from "../snippets.js";
import { bodyBlock, programTabs } from "../code.js";
import { ListView } from "./list-view.js";
import { headerTable } from "./requests.js";
import { contains, deliveryStatus, facts, httpStatus } from "./words.js";

const OPEN = "waiting,pending,sending";

class DeliveriesView extends ListView {
  list = {
    name: "deliveries",
    title: "Deliveries",
    kind: "deliveries",
    event: "delivery",
    searchHint: "Event, tool, address or call",
    filter: "status",
    choices: [["", "All"], ["delivered", "Delivered"], [OPEN, "On their way"], ["failed", "Failed"], ["dropped", "Dropped"]],
    columns: [
      { name: "status", title: "Status", cell: (delivery) => deliveryStatus(delivery.status) },
      { name: "link", title: "What", cell: (delivery) => [delivery.name, delivery.kind === "tool" && h("span.tag", "tool"), delivery.redelivery_of && h("span.tag", "again")] },
      { name: "url", title: "To", cell: (delivery) => h("span.clip", { title: delivery.url }, delivery.url) },
      { name: "answer", title: "Answer", cell: (delivery) => answerOf(delivery) },
      { name: "tries", title: "Attempts", cell: (delivery) => String(delivery.tries) },
      { name: "time", title: "Created", cell: (delivery) => h("time", { datetime: delivery.created_at, title: delivery.created_at }, when(delivery.created_at)) },
    ],
    accepts: (delivery, { status, q }) =>
      (!status || status.split(",").includes(delivery.status)) && (!q || contains(q, delivery.id, delivery.name, delivery.url, delivery.call_id)),
    empty: () => h("div.empty", h("h2", "Nothing sent yet"),
      h("p", "Say where the events of your calls go, ", h("a", { href: href("settings") }, "in the settings"), " or from a program. Each is signed, sent, and shown here with what your application answered."),
      programTabs(starters.deliveries(), "Set an address")),
    detail: (delivery) => detail(delivery),
    detailChanged: () => this.reopen(),
  };
}
customElements.define("deliveries-view", DeliveriesView);

function answerOf(delivery) {
  if (delivery.last_status) return [httpStatus(delivery.last_status), h("span.beside", milliseconds(delivery.last_duration_ms))];
  if (delivery.last_error) return h("span.clip.bad", { title: delivery.last_error }, delivery.last_error);
  return "–";
}

function detail(delivery) {
  const signature = delivery.attempts.at(-1)?.request_headers["X-Pamela-Signature"] ?? delivery.attempts.at(-1)?.request_headers["x-pamela-signature"];
  return [
    h("header.pane-head",
      h("h2", delivery.name),
      h("p.pane-line", deliveryStatus(delivery.status), h("span.wrap", delivery.url)),
      h("div.actions", button("Redeliver", () => redeliver(delivery), { iconName: "again" }))),
    facts([
      ["Delivery", h("code", delivery.id)],
      ["Call", delivery.call_id && h("a", { href: href("calls", delivery.call_id) }, h("code", delivery.call_id))],
      ["Created", exactly(delivery.created_at)],
      ["Next attempt", delivery.next_attempt_at && exactly(delivery.next_attempt_at)],
      ["Repeats", delivery.redelivery_of && h("a", { href: href("deliveries", delivery.redelivery_of) }, h("code", delivery.redelivery_of))],
    ]),
    h("h3", "Attempts", h("span.count", String(delivery.attempts.length))),
    delivery.attempts.length ? h("ol.attempts", delivery.attempts.map((attempt, index) => attemptItem(attempt, index, delivery))) : h("p.nothing", "It has not been sent yet."),
    h("h3", "Body"),
    bodyBlock(delivery.body, "Body"),
    h("h3", "Signature"),
    signature ? h("p.signature.mono", signature) : h("p.nothing", "It is signed when it is sent."),
    signature && verifier(delivery, signature),
  ];
}

function attemptItem(attempt, index, { attempts }) {
  return h("li",
    h("details", { open: index === attempts.length - 1 },
      h("summary", httpStatus(attempt.response_status), h("span.clip", attempt.error ?? (attempt.duplicate ? "sent twice: the double" : `attempt ${index + 1}`)),
        h("span.beside", milliseconds(attempt.duration_ms)), h("time", { datetime: attempt.at }, exactly(attempt.at))),
      attempt.response_status !== null && [h("p.sub", "The application answered"), bodyBlock(attempt.response_body, "Answer")],
      headerTable("Sent headers", attempt.request_headers)));
}

async function redeliver(delivery) {
  try {
    const again = await send("POST", `/sandbox/deliveries/${encodeURIComponent(delivery.id)}/redeliver`, undefined, { project: delivery.project_id });
    toast("Sent once more");
    go(href("deliveries", again.id));
  } catch (error) {
    toast(error.message, "bad");
  }
}

/** Return a form that has the sandbox check a signature as an application would. */
function verifier({ body, project_id: project }, signature) {
  const input = h("input", { type: "text", placeholder: "whsec_…", "aria-label": "Webhook secret", autocomplete: "off", spellcheck: "false" });
  const verdict = h("p.verdict", { role: "status" });
  const verify = async (event) => {
    event.preventDefault();
    if (!input.value) return;
    const { valid } = await send("POST", "/sandbox/verify", { body, signature, secret: input.value }, { project });
    verdict.className = `verdict ${valid ? "good" : "bad"}`;
    show(verdict, valid ? "This secret made the signature." : "Another secret made the signature.");
  };
  return h("form.verify", { onsubmit: verify }, h("div.with-button", input, h("button.button", { type: "submit" }, h("span", "Verify with this secret"))), verdict);
}
