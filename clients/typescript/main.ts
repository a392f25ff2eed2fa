/** Places a call, reads its result, registers and deletes a tool, and gets every error code. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";
import { canonicalForm, verifySignature } from "./signature.js";

type Schemas = components["schemas"];

const baseUrl = process.env["PAMELA_BASE_URL"] ?? "https://api.thisispamela.com";
const apiKey = process.env["PAMELA_API_KEY"] ?? "";

const withKey = (key: string) =>
  createClient<paths>({ baseUrl, headers: key === "" ? {} : { Authorization: `Bearer ${key}` } });
const client = withKey(apiKey);

function checkSignatures(file: string): void {
  const vectors = JSON.parse(readFileSync(file, "utf8"));
  for (const { name, secret, body, canonical, body_signature, canonical_signature } of vectors.accept) {
    assert.equal(canonicalForm(body), canonical, name);
    assert(verifySignature(Buffer.from(body), body_signature, secret), name);
    assert(verifySignature(Buffer.from(body), canonical_signature, secret), name);
  }
  for (const { name, secret, body, signature } of vectors.refuse) {
    assert(!verifySignature(Buffer.from(body), signature, secret), name);
  }
  console.log(`signatures: ${vectors.accept.length} accepted, ${vectors.refuse.length} refused`);
}

function checkFixtures(directory: string): void {
  const { secret, webhooks, errors } = JSON.parse(readFileSync(`${directory}/manifest.json`, "utf8"));
  for (const { name, file, signature } of webhooks) {
    const body = readFileSync(`${directory}/${file}`);
    assert(verifySignature(body, signature, secret), name);
    assert(!verifySignature(Buffer.concat([body, Buffer.from(" ")]), signature, `${secret}.`), name);
  }
  for (const { name, file, code } of errors) {
    const error: Schemas["ErrorBody"] = JSON.parse(readFileSync(`${directory}/${file}`, "utf8"));
    assert.equal(codeOf(error) ?? null, code, name);
  }
  console.log(`fixtures: ${webhooks.length} webhooks, ${errors.length} errors`);
}

async function placeCall(): Promise<void> {
  const { data: placed, error } = await client.POST("/api/b2b/v1/calls", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { to: "+1234567890", task: "Schedule a meeting for next week", locale: "en-US", voice: "female" },
  });
  assert(placed, JSON.stringify(error));
  const call = await waitFor(placed.id);
  assert.equal(call.status, "completed");
  assert(call.started_at && call.billed_minutes && call.billed_minutes >= 1);
  console.log(`call: ${call.id} ${call.status} after ${call.duration_seconds} s; ${call.summary}`);
  console.log(`transcript: ${lines(call.transcript).join(" / ")}`);

  const { data: page } = await client.GET("/api/b2b/v1/calls", {
    params: { query: { status_filter: "completed", limit: 100, start_date: call.created_at ?? "" } },
  });
  assert(page?.items.some(({ id }) => id === call.id));
  const { data: usage } = await client.GET("/api/b2b/v1/usage", { params: { query: { period: call.started_at.slice(0, 7) } } });
  assert(usage?.billed_minutes && usage.billed_minutes >= call.billed_minutes);
  console.log(`usage: ${usage.call_count} calls, ${usage.billed_minutes} minutes in ${usage.period}`);
}

async function waitFor(callId: string): Promise<Schemas["Call"]> {
  const running: readonly string[] = ["queued", "ringing", "in_progress"] satisfies Schemas["CallStatus"][];
  for (;;) {
    const { data: call, error } = await client.GET("/api/b2b/v1/calls/{call_id}", { params: { path: { call_id: callId } } });
    assert(call, JSON.stringify(error));
    if (!running.includes(call.status) && lines(call.transcript).length > 0) return call;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function lines(transcript: Schemas["Call"]["transcript"]): string[] {
  if (typeof transcript === "string") return transcript.split("\n");
  return (transcript ?? []).map(({ speaker, text }) => `${speaker}: ${text}`);
}

async function keepTool(): Promise<void> {
  const { data: registered, error } = await client.POST("/api/b2b/v1/tools", {
    body: {
      tool: {
        name: "check_order_status",
        description: "Look up an order by ID",
        input_schema: { type: "object", properties: { order_id: { type: "string" } }, required: ["order_id"] },
        timeout_ms: 60_000,
      },
    },
  });
  assert(registered, JSON.stringify(error));
  const { data: answer } = await client.GET("/api/b2b/v1/tools");
  assert(answer);
  const tools = Array.isArray(answer) ? answer : answer.tools;
  assert(tools.some(({ id, timeout_ms }) => id === registered.tool_id && timeout_ms === 60_000));
  const { data: deleted } = await client.DELETE("/api/b2b/v1/tools/{tool_id}", {
    params: { path: { tool_id: registered.tool_id } },
  });
  assert(deleted?.success);
  console.log(`tool: ${registered.tool_id} registered and deleted`);
}

async function meetErrors(): Promise<void> {
  const calling = (key: string, to = "+1234567890") =>
    withKey(key).POST("/api/b2b/v1/calls", { body: { to, task: "Test call" } });
  const usage = (key: string) => withKey(key).GET("/api/b2b/v1/usage");
  const broken = () => client.POST("/api/b2b/v1/calls", { body: { to: "", task: "" }, bodySerializer: () => "{" });
  const failures: Record<Schemas["ErrorCode"], () => Promise<{ error?: Schemas["ErrorBody"] | string }>> = {
    1001: () => calling(""),
    1002: () => calling("wrong"),
    1003: () => calling("pk_live_expired"),
    1005: () => calling("pk_live_no_subscription"),
    2001: broken,
    2002: () => calling(apiKey, "+15005550011"),
    6001: () => calling("pk_live_rate_limited"),
    6002: () => calling("pk_live_over_quota"),
    7001: () => usage("pk_live_unknown_partner"),
    7002: () => usage("pk_live_unknown_project"),
    7003: () => client.GET("/api/b2b/v1/calls/{call_id}", { params: { path: { call_id: "call_0" } } }),
    7004: () => calling(apiKey, "+15005550012"),
    7005: () => calling(apiKey, "+15005550013"),
    7008: () => calling("pk_live_past_grace"),
  };
  for (const [code, fail] of Object.entries(failures)) {
    const { error } = await fail();
    assert(typeof error === "object", code);
    assert.equal(codeOf(error), Number(code), JSON.stringify(error));
  }
  console.log(`errors: ${Object.keys(failures).join(" ")}`);
}

function codeOf(error: Schemas["ErrorBody"]): number | undefined {
  const detail = "detail" in error ? error.detail : error;
  if (typeof detail === "string" || Array.isArray(detail)) return undefined;
  return "error" in detail ? detail.error.code : detail.error_code;
}

async function meetLaterStatus(): Promise<void> {
  const later = createClient<paths>({ baseUrl: process.env["PAMELA_LATER_URL"] ?? baseUrl });
  const { data: call } = await later.GET("/api/b2b/v1/calls/{call_id}", { params: { path: { call_id: "call_1" } } });
  assert(call && lines(call.transcript).length === 1);
  assert.equal(call.status, "voicemail" as Schemas["CallStatus"]);
  console.log(`a status that is added later: ${call.status}`);
}

checkSignatures(process.argv[2] ?? "webhook-signatures.json");
checkFixtures(process.env["PAMELA_FIXTURES"] ?? "fixtures");
await placeCall();
await keepTool();
await meetErrors();
await meetLaterStatus();
