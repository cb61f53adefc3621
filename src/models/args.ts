import type { Json } from "../std/json.ts";

/** Deepest nesting of a call's arguments; what comes after them walks them recursively. */
const ARGS_DEPTH = 128;

/**
 * A call's arguments as a value; undefined when the text is no JSON, or none that can be kept.
 * No text at all means no arguments.
 */
export function parseArgs(json: string): Json | undefined {
  if (json.trim() === "") return {};
  if (json.length > ARGS_DEPTH && tooDeep(json)) return undefined;
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
  // A number too large for a double becomes Infinity, which JSON cannot carry back.
  return /\d{300}|[eE]\+?\d{3}/u.test(json) && !isFiniteJson(value) ? undefined : value;
}

function tooDeep(json: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c) i += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > ARGS_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}

function isFiniteJson(value: Json): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every((item) => isFiniteJson(item as Json));
}
