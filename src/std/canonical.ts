import type { Json } from "./json.ts";

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, no spaces, ECMAScript number form.
 * Two equal values always give the same bytes, which is what makes hashing them meaningful.
 * Keys whose value is `undefined` are left out, as JSON has no such value.
 *
 * @throws TypeError on a number JSON cannot carry (NaN, Infinity): that is a bug in the caller.
 */
export function canonical(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(",")}]`;
  return canonicalObject(value as { readonly [key: string]: Json | undefined });
}

function canonicalObject(value: { readonly [key: string]: Json | undefined }): string {
  let text = "";
  for (const key of Object.keys(value).toSorted()) {
    const item = value[key];
    if (item === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(item)}`;
  }
  return `{${text}}`;
}
