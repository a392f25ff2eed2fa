/** Places a call, reads its transcript, lists the tools, gets a 404, and reads a status that is added later. */
import assert from "node:assert/strict";
import { createClient, createConfig } from "./client/client/index.js";
import { createCall, getCall, listTools, registerTool } from "./client/sdk.gen.js";
import type { CallStatus, Transcript } from "./client/types.gen.js";

const auth = process.env["PAMELA_API_KEY"] ?? "";
const at = (baseUrl: string | undefined) => createClient(createConfig({ baseUrl: baseUrl ?? "", auth }));
const client = at(process.env["PAMELA_BASE_URL"]);

function lines(transcript: Transcript | null | undefined): string[] {
  if (typeof transcript === "string") return transcript.split("\n");
  return (transcript ?? []).map(({ speaker, text }) => `${speaker}: ${text}`);
}

const placed = await createCall({
  client,
  body: { to: "+1234567890", task: "Schedule a meeting for next week", voice: "female" },
});
assert(placed.data, JSON.stringify(placed.error));
let call = placed.data;
while (call.status !== "completed" || lines(call.transcript).length === 0) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  call = (await getCall({ client, path: { call_id: call.id }, throwOnError: true })).data;
}
assert(call.started_at);
console.log(`transcript: ${lines(call.transcript).length} lines, the first: ${lines(call.transcript)[0]}`);

const tool = { name: "check_order_status", description: "Look up an order by ID", input_schema: { type: "object" } };
const registered = await registerTool({ client, body: { tool }, throwOnError: true });
const { data: listed } = await listTools({ client, throwOnError: true });
assert((Array.isArray(listed) ? listed : listed.tools).some(({ id }) => id === registered.data.tool_id));
console.log("tools: the one registered is listed");

const { error, response } = await getCall({ client, path: { call_id: "call_0" } });
assert(response?.status === 404 && typeof error === "object" && "detail" in error);
const { detail } = error;
assert(typeof detail === "object" && "error_code" in detail && detail.error_code === 7003);
console.log("404: code 7003");

const later = await getCall({ client: at(process.env["PAMELA_LATER_URL"]), path: { call_id: "call_1" }, throwOnError: true });
const known: readonly CallStatus[] = ["queued", "ringing", "in_progress", "completed", "failed", "cancelled"];
assert(!known.includes(later.data.status));
assert.equal(lines(later.data.transcript).length, 1);
console.log(`a status that is added later: ${later.data.status}`);
