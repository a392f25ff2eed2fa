/** Places a call, reads its transcript, lists the tools, gets a 404, and reads a status that is added later. */
import assert from "node:assert/strict";
import { CallStatus, CallsApi, Configuration, ResponseError, ToolsApi, type Transcript } from "./client/index.js";

const accessToken = process.env["PAMELA_API_KEY"] ?? "";
const at = (basePath: string | undefined) => new Configuration({ basePath: basePath ?? "", accessToken });
const now = at(process.env["PAMELA_BASE_URL"]);
const calls = new CallsApi(now);
const tools = new ToolsApi(now);

function lines(transcript: Transcript | null | undefined): string[] {
  if (typeof transcript === "string") return transcript.split("\n");
  return (transcript ?? []).map(({ speaker, text }) => `${speaker}: ${text}`);
}

let call = await calls.createCall({
  createCallRequest: { to: "+1234567890", task: "Schedule a meeting for next week", voice: "female" },
});
while (call.status !== CallStatus.Completed || lines(call.transcript).length === 0) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  call = await calls.getCall({ callId: call.id });
}
assert(call.startedAt instanceof Date);
console.log(`transcript: ${lines(call.transcript).length} lines, the first: ${lines(call.transcript)[0]}`);

const tool = { name: "check_order_status", description: "Look up an order by ID", inputSchema: { type: "object" } };
const { toolId } = await tools.registerTool({ registerToolRequest: { tool } });
const listed = await tools.listTools();
assert((Array.isArray(listed) ? listed : listed.tools).some(({ id, name }) => id === toolId && name === tool.name));
console.log("tools: the one registered is listed");

const failure: unknown = await calls.getCall({ callId: "call_0" }).catch((error: unknown) => error);
assert(failure instanceof ResponseError && failure.response.status === 404);
assert.equal((await failure.response.json()).detail.error_code, 7003);
console.log("404: code 7003");

const later = await new CallsApi(at(process.env["PAMELA_LATER_URL"])).getCall({ callId: "call_1" });
assert(!Object.values(CallStatus).includes(later.status));
assert.equal(lines(later.transcript).length, 1);
console.log(`a status that is added later: ${later.status}`);
