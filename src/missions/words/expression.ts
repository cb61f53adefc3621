import { isObject, type Json, sameJson } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * The conditions of plans: comparisons over values that are on the record.
 *
 *     inputs.kind == "fix" and length(tasks.find.output.files) > 0
 *
 * Every expression comes to an end and to a value, or to nothing where what it looks at is not there
 * or cannot be compared. There are no calls into anything, no assignments and no loops.
 */
export type Expression =
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "path"; readonly path: readonly string[] }
  | { readonly kind: "length"; readonly of: Expression }
  | { readonly kind: "not"; readonly of: Expression }
  | {
      readonly kind: Operator | "and" | "or";
      readonly left: Expression;
      readonly right: Expression;
    };

const OPERATORS = ["==", "!=", "<=", ">=", "<", ">", "in", "contains"] as const;
type Operator = (typeof OPERATORS)[number];

/** Reads an expression; a string says what is wrong with it, as the end of "it …". */
export function parseExpression(text: string): Expression | string {
  if (text.length > LIMITS.expressionChars) {
    return `is longer than ${LIMITS.expressionChars} characters`;
  }
  const tokens = tokensOf(text);
  if (typeof tokens === "string") return tokens;
  const reader = { tokens, at: 0, depth: 0 };
  const found = parseOr(reader);
  const left = reader.tokens[reader.at];
  if (typeof found === "string") return found;
  return left === undefined ? found : `has '${left}' where it should end`;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*"|'[^']*')|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_][\w-]*(?:\.[\w-]+)*)|(==|!=|<=|>=|<|>|[()]))/uy;

function tokensOf(text: string): readonly string[] | string {
  const tokens: string[] = [];
  const whole = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < whole.length) {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(whole);
    if (!found) return `cannot be read from '${whole.slice(from, from + 20).trim()}' on`;
    tokens.push(found[0].trim());
  }
  return tokens;
}

function parseOr(reader: Reader): Expression | string {
  if (reader.depth >= LIMITS.expressionDepth) return "is nested too deeply";
  reader.depth += 1;
  const found = parseMany(reader, "or", (inner) => parseMany(inner, "and", parseNot));
  reader.depth -= 1;
  return found;
}

function parseMany(
  reader: Reader,
  word: "and" | "or",
  parse: (reader: Reader) => Expression | string,
): Expression | string {
  let left = parse(reader);
  while (typeof left !== "string" && reader.tokens[reader.at] === word) {
    reader.at += 1;
    const right = parse(reader);
    if (typeof right === "string") return right;
    left = { kind: word, left, right };
  }
  return left;
}

function parseNot(reader: Reader): Expression | string {
  let times = 0;
  for (; reader.tokens[reader.at] === "not"; reader.at += 1) times += 1;
  const of = parseCompared(reader);
  if (typeof of === "string" || times === 0) return of;
  const once: Expression = { kind: "not", of };
  return times % 2 === 1 ? once : { kind: "not", of: once };
}

function parseCompared(reader: Reader): Expression | string {
  const left = parseValue(reader);
  const kind = OPERATORS.find((one) => one === reader.tokens[reader.at]);
  if (typeof left === "string" || kind === undefined) return left;
  reader.at += 1;
  const right = parseValue(reader);
  return typeof right === "string" ? right : { kind, left, right };
}

const WORDS: Readonly<Record<string, Json>> = { true: true, false: false, null: null };

function parseValue(reader: Reader): Expression | string {
  const token = reader.tokens[reader.at++];
  if (token === undefined) return "ends where a value should stand";
  if (token === "(") return closed(reader, parseOr(reader));
  if (token === "length" && reader.tokens[reader.at] === "(") {
    reader.at += 1;
    const of = closed(reader, parseOr(reader));
    return typeof of === "string" ? of : { kind: "length", of };
  }
  if (Object.hasOwn(WORDS, token)) return { kind: "value", value: WORDS[token] ?? null };
  if (/^["']/u.test(token)) return textIn(token);
  if (/^[-\d]/u.test(token)) return { kind: "value", value: Number(token) };
  const isWord = /^[A-Za-z_]/u.test(token) && !["and", "or", "not", "in"].includes(token);
  return isWord
    ? { kind: "path", path: token.split(".") }
    : `has '${token}' where a value should stand`;
}

function closed(reader: Reader, found: Expression | string): Expression | string {
  if (typeof found === "string") return found;
  return reader.tokens[reader.at++] === ")" ? found : "lacks a closing bracket";
}

function textIn(token: string): Expression | string {
  if (token.startsWith("'")) return { kind: "value", value: token.slice(1, -1) };
  try {
    return { kind: "value", value: String(JSON.parse(token)) };
  } catch {
    return `has a text that cannot be read: ${token}`;
  }
}

/** Every path an expression looks at. */
export function pathsIn(one: Expression): readonly (readonly string[])[] {
  switch (one.kind) {
    case "value":
      return [];
    case "path":
      return [one.path];
    case "length":
    case "not":
      return pathsIn(one.of);
    default:
      return [...pathsIn(one.left), ...pathsIn(one.right)];
  }
}

/** What an expression comes to over these values; undefined where that cannot be told. */
export function valueOf(one: Expression, values: Json): Json | undefined {
  switch (one.kind) {
    case "value":
      return one.value;
    case "path":
      return valueAt(values, one.path);
    case "length":
      return lengthOf(valueOf(one.of, values));
    case "not": {
      const of = valueOf(one.of, values);
      return typeof of === "boolean" ? !of : undefined;
    }
    case "and":
    case "or": {
      const ends = one.kind === "or";
      const sides = [valueOf(one.left, values), valueOf(one.right, values)];
      if (sides.includes(ends)) return ends;
      return sides.every((side) => typeof side === "boolean") ? !ends : undefined;
    }
    default:
      return compared(one.kind, valueOf(one.left, values), valueOf(one.right, values));
  }
}

function valueAt(values: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = values;
  for (const part of path) {
    if (Array.isArray(value)) value = /^\d{1,9}$/u.test(part) ? value[Number(part)] : undefined;
    else value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

function lengthOf(value: Json | undefined): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

function compared(
  kind: Operator,
  left: Json | undefined,
  right: Json | undefined,
): boolean | undefined {
  // What is not there is nothing, and can be told from something.
  if (kind === "==") return sameJson(left ?? null, right ?? null);
  if (kind === "!=") return !sameJson(left ?? null, right ?? null);
  if (left === undefined || right === undefined) return undefined;
  if (kind === "in") return holds(right, left);
  if (kind === "contains") return holds(left, right);
  const order = orderOf(left, right);
  if (order === undefined) return undefined;
  if (kind === "<") return order < 0;
  if (kind === "<=") return order <= 0;
  return kind === ">" ? order > 0 : order >= 0;
}

function holds(whole: Json, part: Json): boolean | undefined {
  if (Array.isArray(whole)) return whole.some((one: Json) => sameJson(one, part));
  if (typeof whole === "string" && typeof part === "string") return whole.includes(part);
  return isObject(whole) && typeof part === "string" ? Object.hasOwn(whole, part) : undefined;
}

function orderOf(left: Json, right: Json): number | undefined {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left !== "string" || typeof right !== "string") return undefined;
  return left < right ? -1 : left > right ? 1 : 0;
}
