import { createHmac, hash } from "node:crypto";
import { canonical } from "./canonical.ts";
import type { Json } from "./json.ts";

/** SHA-256 as 64 lower-case hex digits. */
export function sha256(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** SHA-256 as 32 bytes. */
export function sha256Bytes(data: string | Uint8Array): Uint8Array {
  return hash("sha256", data, "buffer");
}

/** SHA-256 over the canonical JSON of a value. */
export function hashOf(value: Json): string {
  return sha256(canonical(value));
}

/**
 * Digest of a text that cannot be guessed back without its salt, so that erasing salt and text
 * leaves a digest that says nothing. `salt` is 32 hex digits.
 */
export function saltedDigest(salt: string, text: string): string {
  return sha256(`nanos.body.v1\n${salt}\n${text}`);
}

/** Who holds the key made it: HMAC-SHA-256 of the text as 64 lower-case hex digits. */
export function hmac(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

/**
 * A name for all that belongs to one thing, as traces of several programs share them (W3C Trace
 * Context): 32 hex digits that follow from an id of ours, so that all who tell of it give it the same.
 */
export function traceIdOf(whole: string): string {
  return sha256(`nanos.trace.v1\n${whole}`).slice(0, 32);
}

/** 16 hex digits for a part of it. */
export function spanIdOf(part: string): string {
  return sha256(`nanos.span.v1\n${part}`).slice(0, 16);
}

/** What a program is told that takes part: `traceparent`, sampled. */
export function traceparent(whole: string, part: string): string {
  return `00-${traceIdOf(whole)}-${spanIdOf(part)}-01`;
}
