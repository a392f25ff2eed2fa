/** Verifies webhook signatures as docs/reference/webhook-signatures.md describes them. */
import { createHmac, timingSafeEqual } from "node:crypto";

export function verifySignature(body: Buffer, signature: string, secret: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  if (isSignedWith(secret, body, signature)) return true;
  const form = canonicalForm(body.toString("utf8"));
  return form !== null && isSignedWith(secret, Buffer.from(form), signature);
}

function isSignedWith(secret: string, message: Buffer, signature: string): boolean {
  const expected = createHmac("sha256", secret).update(message).digest();
  return timingSafeEqual(expected, Buffer.from(signature, "hex"));
}

/** Returns the canonical form of the JSON object in a body, or null if the body is not one. */
export function canonicalForm(body: string): string | null {
  // JSON.parse does not keep the digits of a number. So numbers pass through it as texts that start with a mark.
  let keys = 0;
  const tagged = body.replace(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/g, (token, colon?: string) => {
    if (colon !== undefined) keys += 1;
    return token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`;
  });
  try {
    const parsed: unknown = JSON.parse(tagged);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
    return countKeys(parsed) === keys ? write(parsed) : null;
  } catch {
    return null;
  }
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, member) => sum + countKeys(member), own);
}

function write(value: unknown): string {
  if (typeof value === "string") return value.startsWith("n") ? value.slice(1) : quote(value.slice(1));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([key, member]) => `${quote(key.slice(1))}:${write(member)}`).join(",")}}`;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
