import { canonical } from "../../std/canonical.ts";
import { isObject, type Json } from "../../std/json.ts";
import { type Expression, parseExpression, valueOf } from "./expression.ts";

/** A text with places to be filled, in its parts. */
export type Template = readonly (string | Expression)[];

/** Reads `text {{ EXPRESSION }} text`; a string says what is wrong with it. */
export function parseTemplate(text: string): Template | string {
  const parts: (string | Expression)[] = [];
  let at = 0;
  for (const { index, 0: whole, 1: inner = "" } of text.matchAll(/\{\{([^{}]*)\}\}/gu)) {
    const expression = parseExpression(inner.trim());
    if (typeof expression === "string") return `'${inner.trim()}' ${expression}`;
    parts.push(text.slice(at, index), expression);
    at = index + whole.length;
  }
  return [...parts, text.slice(at)].filter((part) => part !== "");
}

/** Every template in the texts of a value, with the path to each. */
export function textsIn(value: Json, path: readonly (string | number)[] = []): readonly Text[] {
  if (typeof value === "string") return [{ text: value, path }];
  if (Array.isArray(value)) return value.flatMap((one: Json, i) => textsIn(one, [...path, i]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) => textsIn(one, [...path, name]));
}

interface Text {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** What was to be filled in and is not there. */
export interface Lacking {
  readonly lacks: string;
}

/**
 * A value with its texts filled in. A text that is one place and nothing else becomes the value
 * itself, of whatever type it is; inside other text a value stands as text or as JSON.
 */
export function filled(value: Json, values: Json): { readonly value: Json } | Lacking {
  if (typeof value === "string") return filledText(value, values);
  if (Array.isArray(value)) {
    const all = value.map((one: Json) => filled(one, values));
    const lacking = all.find((one) => "lacks" in one);
    return lacking ?? { value: all.map((one) => ("value" in one ? one.value : null)) };
  }
  if (!isObject(value)) return { value };
  const entries: [string, Json][] = [];
  for (const [name, one] of Object.entries(value)) {
    const done = filled(one, values);
    if ("lacks" in done) return done;
    entries.push([name, done.value]);
  }
  return { value: Object.fromEntries(entries) };
}

function filledText(text: string, values: Json): { readonly value: Json } | Lacking {
  const parts = parseTemplate(text);
  if (typeof parts === "string") return { lacks: parts };
  const [only, ...others] = parts;
  if (only !== undefined && typeof only !== "string" && others.length === 0) {
    const value = valueOf(only, values);
    return value === undefined ? { lacks: wordsOf(only) } : { value };
  }
  let whole = "";
  for (const part of parts) {
    if (typeof part === "string") {
      whole += part;
      continue;
    }
    const value = valueOf(part, values);
    if (value === undefined) return { lacks: wordsOf(part) };
    whole += textOf(value);
  }
  return { value: whole };
}

/** A value inside other text; nothing is said where nothing came of it. */
function textOf(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? value : canonical(value);
}

function wordsOf(one: Expression): string {
  return one.kind === "path" ? one.path.join(".") : "an expression";
}
