import type { Json } from "./json.ts";

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, no spaces, ECMAScript number form.
 * Two equal values always give the same bytes, which is what makes hashing them meaningful.
 * Keys whose value is `undefined` are left out, as JSON has no such value.
 *
 * @throws TypeError on a number JSON cannot carry (NaN, Infinity): that is a bug in the caller.
 */
export function canonical(value: Json): string {
  // One native pass takes a fraction of the time of writing piece by piece.
  if (inOrder(value)) return JSON.stringify(value);
  const copy = sorted(value);
  return copy === UNSORTABLE ? written(value) : JSON.stringify(copy);
}

/** The value as it comes back from its canonical JSON: with its keys in order. */
export function ordered<T extends Json>(value: T): T {
  return inOrder(value) ? value : (JSON.parse(canonical(value)) as T);
}

/**
 * True when JSON's own writer gives the canonical form: what the record is made of is mostly built
 * that way, and a look at it costs less than a copy.
 */
function inOrder(value: Json | undefined): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || value === null) return value !== undefined;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) if (!inOrder(item)) return false;
    return true;
  }
  const fields = value as { readonly [key: string]: Json | undefined };
  let last = "";
  for (const key in fields) {
    if (key < last || isMoving(key) || !inOrder(fields[key])) return false;
    last = key;
  }
  return true;
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
  for (const key of keysOf(fields)) {
    const item = fields[key];
    if (item === undefined) continue;
    const kept = isMoving(key) ? UNSORTABLE : sorted(item);
    if (kept === UNSORTABLE) return UNSORTABLE;
    copy[key] = kept;
  }
  return copy;
}

/** Sorted where they are: objects have few keys, and a general sort costs more than all the rest. */
function keysOf(fields: object): string[] {
  const keys = Object.keys(fields);
  if (keys.length > FEW) return keys.toSorted();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

const FEW = 24;
const UNSORTABLE = Symbol("unsortable");

/** Keys that do not stay where they are put: numbers come first, and `__proto__` is no key. */
function isMoving(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first >= 0x30 && first <= 0x39) || key === "__proto__";
}

function written(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw notJson(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => written(item ?? null)).join(",")}]`;
  const fields = value as { readonly [key: string]: Json | undefined };
  let text = "";
  for (const key of keysOf(fields)) {
    const item = fields[key];
    if (item === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${written(item)}`;
  }
  return `{${text}}`;
}

function notJson(value: number): TypeError {
  return new TypeError(`canonical JSON has no ${value}`);
}
