import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * What an agent that read what others write may answer without its answer being their text: values
 * of a shape its asker chose. Choices, numbers, dates and ids come through; a free text is kept
 * aside, and a handle stands for it. So the asker's conversation reads nothing that somebody else
 * worded.
 */
export type Shape =
  | { readonly kind: "choice"; readonly of: readonly Json[] }
  | {
      readonly kind: "number";
      readonly whole: boolean;
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: "truth" | "date" | "time" | "date-time" | "id" | "text" }
  | { readonly kind: "list"; readonly of: Shape; readonly most: number }
  | {
      readonly kind: "object";
      readonly fields: ReadonlyMap<string, Shape>;
      readonly required: readonly string[];
    };

/** The shape a JSON Schema describes, or one sentence that says why it is none for an answer. */
export function shapeOf(schema: Json, depth = 0): Shape | string {
  if (!isObject(schema)) return "a schema is an object";
  if (depth > LIMITS.answerDepth) return `it is nested deeper than ${LIMITS.answerDepth}`;
  if (Array.isArray(schema["enum"])) return choiceOf(schema["enum"] as Json[]);
  switch (schema["type"]) {
    case "string":
      return { kind: FORMATS.get(schema["format"] ?? null) ?? "text" };
    case "integer":
    case "number":
      return numberOf(schema);
    case "boolean":
      return { kind: "truth" };
    case "array": {
      const of = shapeOf(schema["items"] ?? null, depth + 1);
      const most = boundOf(schema["maxItems"], LIMITS.answerItems);
      return typeof of === "string" ? of : { kind: "list", of, most };
    }
    case "object":
      return objectOf(schema, depth);
    default:
      return 'each part needs an `enum` or a `type` of "string", "integer", "number", "boolean", "array" or "object"';
  }
}

const FORMATS: ReadonlyMap<Json, "date" | "time" | "date-time" | "id"> = new Map([
  ["date", "date"],
  ["time", "time"],
  ["date-time", "date-time"],
  ["id", "id"],
  ["uuid", "id"],
]);

function choiceOf(values: readonly Json[]): Shape | string {
  const plain = values.every((value) => value === null || typeof value !== "object");
  if (!plain || values.length === 0 || values.length > LIMITS.answerItems) {
    return `an \`enum\` has 1 to ${LIMITS.answerItems} plain values`;
  }
  return { kind: "choice", of: values };
}

function numberOf(schema: JsonObject): Shape {
  const bound = (value: Json | undefined, other: number): number =>
    typeof value === "number" && Math.abs(value) <= LARGEST ? value : other;
  return {
    kind: "number",
    whole: schema["type"] === "integer",
    least: bound(schema["minimum"], -LARGEST),
    most: bound(schema["maximum"], LARGEST),
  };
}

/** Numbers beyond carry more than a quantity. */
const LARGEST = 1e12;

function boundOf(value: Json | undefined, most: number): number {
  return typeof value === "number" && value >= 0 ? Math.min(Math.floor(value), most) : most;
}

function objectOf(schema: JsonObject, depth: number): Shape | string {
  const properties = schema["properties"];
  if (!isObject(properties)) return "an object names its `properties`";
  const names = Object.keys(properties);
  if (names.length > LIMITS.answerItems || names.some((name) => !NAME.test(name))) {
    return `an object has at most ${LIMITS.answerItems} properties, named with letters, digits and _`;
  }
  const fields = new Map<string, Shape>();
  for (const [name, part] of Object.entries(properties)) {
    const shape = shapeOf(part, depth + 1);
    if (typeof shape === "string") return shape;
    fields.set(name, shape);
  }
  const required = Array.isArray(schema["required"]) ? (schema["required"] as Json[]) : [];
  return { kind: "object", fields, required: required.filter((one) => typeof one === "string") };
}

const NAME = /^[A-Za-z_]\w{0,63}$/u;

/** An answer as far as it may be read, and the free texts in it by the handle that stands for each. */
export interface Released {
  readonly answer: Json;
  readonly texts: Readonly<Record<string, string>>;
}

/** Lets an answer through where it fits; null where any of it does not. `step` names its handles. */
export function release(shape: Shape, answer: Json, step: string): Released | null {
  const passing: Passing = { texts: {}, left: LIMITS.answerValues };
  const passed = pass(passing, shape, answer, `text:${step}`);
  return passed === undefined ? null : { answer: passed, texts: passing.texts };
}

interface Passing {
  readonly texts: Record<string, string>;
  /** Values that may still come. */
  left: number;
}

/** What of a value may be read; undefined where it does not fit. */
function pass(passing: Passing, shape: Shape, value: Json, handle: string): Json | undefined {
  passing.left -= 1;
  if (passing.left < 0) return undefined;
  switch (shape.kind) {
    case "choice":
      return shape.of.includes(value) ? value : undefined;
    case "number":
      return isNumber(shape, value) ? value : undefined;
    case "truth":
      return typeof value === "boolean" ? value : undefined;
    case "text":
      if (typeof value !== "string" || value.length > LIMITS.toolResultChars) return undefined;
      passing.texts[`[${handle}]`] = value;
      return `[${handle}]`;
    case "list":
      return passList(passing, shape, value, handle);
    case "object":
      return passObject(passing, shape, value, handle);
    case "date":
    case "time":
    case "date-time":
    case "id":
      return typeof value === "string" && IS[shape.kind](value) ? value : undefined;
  }
}

function passList(
  passing: Passing,
  { of, most }: Extract<Shape, { kind: "list" }>,
  value: Json,
  handle: string,
): Json | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const all = value.map((one: Json, i) => pass(passing, of, one, `${handle}.${i}`));
  return all.some((one) => one === undefined) ? undefined : (all as Json[]);
}

function passObject(
  passing: Passing,
  { fields, required }: Extract<Shape, { kind: "object" }>,
  value: Json,
  handle: string,
): Json | undefined {
  if (!isObject(value) || required.some((name) => !Object.hasOwn(value, name))) return undefined;
  const passed: Record<string, Json> = {};
  for (const [name, one] of Object.entries(value)) {
    const field = fields.get(name);
    const fits = field && pass(passing, field, one, `${handle}.${name}`);
    if (fits === undefined) return undefined;
    passed[name] = fits;
  }
  return passed;
}

function isNumber(
  { whole, least, most }: Extract<Shape, { kind: "number" }>,
  value: Json,
): boolean {
  if (typeof value !== "number" || value < least || value > most) return false;
  return whole ? Number.isSafeInteger(value) : Number(value.toPrecision(12)) === value;
}

const IS: Readonly<Record<"date" | "time" | "date-time" | "id", (text: string) => boolean>> = {
  date: isDate,
  time: (text) => /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/u.test(text),
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-]\d\d:\d\d)?$/u.test(text) &&
    isDate(text.slice(0, 10)),
  // Letters only as a short prefix and as hexadecimal digits, so that no sentence is an id.
  id: (text) => /^(?=.*\d)[A-Za-z]{0,4}[-_.]?[0-9A-Fa-f-]{1,40}$/u.test(text),
};

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/u.test(text)) return false;
  const [year = 0, month = 0, day = 0] = text.split("-").map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}
