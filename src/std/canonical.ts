import type { Json } from "./json.ts";

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, no spaces, ECMAScript number form.
 * Two equal values always give the same bytes, which is what makes hashing them meaningful.
 * Keys whose value is `undefined` are left out, as JSON has no such value.
 *
 * @throws TypeError on a number JSON cannot carry (NaN, Infinity): that is a bug in the caller.
 */
export function canonical(value: Json): string {
  const copy = sorted(value);
  // One native pass over a sorted copy takes half the time of writing piece by piece.
  return copy === UNSORTABLE ? written(value) : JSON.stringify(copy);
}

/** A copy with every object's keys in order, or UNSORTABLE where an object cannot keep one. */
function sorted(value: Json | undefined): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw notJson(value);
  if (typeof value !== "object" || value === null) return value ?? null;
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item));
    return items.includes(UNSORTABLE) ? UNSORTABLE : items;
  }
  const fields = value as { readonly [key: string]: Json | undefined };
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(fields).toSorted()) {
    const item = fields[key];
    if (item === undefined) continue;
    const kept = MOVES.test(key) ? UNSORTABLE : sorted(item);
    if (kept === UNSORTABLE) return UNSORTABLE;
    copy[key] = kept;
  }
  return copy;
}

const UNSORTABLE = Symbol("unsortable");

/** Keys that do not stay where they are put: numbers come first, and `__proto__` is no key. */
const MOVES = /^\d|^__proto__$/u;

function written(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw notJson(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => written(item ?? null)).join(",")}]`;
  const fields = value as { readonly [key: string]: Json | undefined };
  let text = "";
  for (const key of Object.keys(fields).toSorted()) {
    const item = fields[key];
    if (item === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${written(item)}`;
  }
  return `{${text}}`;
}

function notJson(value: number): TypeError {
  return new TypeError(`canonical JSON has no ${value}`);
}
