import { isObject, type Json } from "./json.ts";

/**
 * Text from models, tools, files and pages must not drive the terminal: escape sequences, control
 * characters and bidirectional overrides are dropped, tabs and newlines stay.
 * Sequences are removed whole, so `\x1b[2J` leaves nothing behind, not `[2J`.
 */
export function plainText(text: string): string {
  return UNSAFE_HINT.test(text) ? text.replace(SEQUENCE, "").replace(UNSAFE, "") : text;
}

// OSC, DCS, SOS, PM and APC run to BEL or ST (or the end); CSI to its final byte; other escapes
// are two bytes. Both 7-bit and C1 forms.
const SEQUENCE =
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?/gu;
// Bidi controls can make text read differently from what it says.
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const UNSAFE_HINT = new RegExp(UNSAFE.source, "u");

/** The same of all texts in a value, whose fields that are undefined are left out. */
export function plainJson(value: Json): Json {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map((one: Json) => plainJson(one));
  if (!isObject(value)) return value;
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined });
  return Object.fromEntries(
    entries.flatMap(([key, one]) => (one === undefined ? [] : [[plainText(key), plainJson(one)]])),
  );
}

/**
 * Text with what cannot be seen written out, for where it is read before a yes: a space of no width
 * or a letter of a hidden alphabet shows as `<U+200B>`. Tabs and newlines stay.
 */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `<U+${code.padStart(4, "0")}>`;
  });
}

/** Format, control, private and unassigned characters, and fillers that look like nothing. */
export const UNSEEN = /[\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|(?![\t\n])\p{Cc}/gu;

/** `text` cut to `max` UTF-16 units with an ellipsis, never through a surrogate pair. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\ud800-\udbff]/u.test(text[max - 2] ?? "") ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}

/** First line of a text, clipped; what a list shows of it. */
export function firstLine(text: string, max = 80): string {
  return clip(plainText(text).trim().split("\n", 1)[0] ?? "", max);
}

/** The words of a text, each once, in small letters and without a plural's ending: `files` is `file`. */
export function wordsIn(text: string): readonly string[] {
  const found = text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];
  return [...new Set(found.map((word) => (word.length > 3 ? word.replace(/s$/u, "") : word)))];
}
