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
