import type { z } from "zod";
import { nearest } from "../../std/nearest.ts";
import { clip, plainText } from "../../std/text.ts";

export type Path = readonly PropertyKey[];

/** What is wrong at one place of a value, in words for the person who wrote it. */
export interface Finding {
  readonly path: Path;
  /** Whether the field's name or its value is at fault. */
  readonly at: "key" | "value";
  readonly text: string;
}

type Issue = z.core.$ZodIssue;

/** Turns what a schema says of a value into findings, one per field at fault. */
export function explain(schema: z.ZodType, issues: readonly Issue[]): Finding[] {
  return issues.flatMap((issue) => explainOne(schema, issue, []));
}

function explainOne(schema: z.core.$ZodType, issue: Issue, before: Path): Finding[] {
  const path = [...before, ...issue.path];
  const here = schemaAt(schema, issue.path);
  const name = nameOf(path);
  const value = (text: string): Finding[] => [{ path, at: "value", text }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: "key" as const,
        text: unknownField(key, path, fieldsOf(here)),
      }));
    case "invalid_type":
      return issue.input === undefined
        ? value(`missing field ${name}`)
        : value(
            `${name} must be ${wanted(issue, here)}, not ${found(issue.input)}${quotes(issue)}`,
          );
    case "invalid_value":
      return value(
        issue.input === undefined
          ? `missing field ${name}`
          : `${name} must be ${oneOf(issue.values)}, not ${found(issue.input)}${hint(issue)}`,
      );
    case "invalid_union":
      return explainUnion(here, issue, path);
    case "too_big":
      return value(`${name} must ${boundOf("at most", "less than", issue.maximum, issue)}`);
    case "too_small":
      return value(`${name} must ${boundOf("at least", "more than", issue.minimum, issue)}`);
    case "invalid_key":
      return [{ path, at: "key", text: `${name} is not a name that can stand here` }];
    default:
      return value(`${name} ${sentence(issue)}`);
  }
}

/** A union says what each of its shapes lacks; only the shape that was meant is worth naming. */
function explainUnion(
  schema: z.core.$ZodType | null,
  issue: Issue & { code: "invalid_union" },
  path: Path,
): Finding[] {
  const name = nameOf(path);
  if (issue.input === undefined) return [{ path, at: "value", text: `missing field ${name}` }];
  const options = schema === null ? [] : optionsOf(schema);
  const meant = issue.errors.findIndex(
    (errors) => !errors.some((error) => error.path.length === 0 && isShapeError(error)),
  );
  const option = options[meant];
  if (meant >= 0 && option !== undefined) {
    return (issue.errors[meant] ?? []).flatMap((error) => explainOne(option, error, path));
  }
  return [
    { path, at: "value", text: `${name} must be ${shapeOf(schema)}, not ${found(issue.input)}` },
  ];
}

function isShapeError(issue: Issue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}

function unknownField(key: string, parent: Path, known: readonly string[]): string {
  const where = parent.length === 0 ? "" : ` in ${nameOf(parent)}`;
  const near = nearest(key, known) ?? known.find((name) => letters(name) === letters(key));
  const tail =
    near !== undefined
      ? `; did you mean '${near}'?`
      : known.length > 0 && known.length <= 16
        ? `; the fields are ${known.join(", ")}`
        : "";
  return `unknown field '${shown(key)}'${where}${tail}`;
}

/** Two letters in the wrong order are the commonest slip of all. */
function letters(word: string): string {
  return word.toLowerCase().split("").toSorted().join("");
}

function hint(issue: Issue & { code: "invalid_value" }): string {
  if (typeof issue.input !== "string") return "";
  const near = nearest(issue.input, issue.values.map(String));
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

function sentence(issue: Issue): string {
  const custom = !issue.message.startsWith("Invalid ");
  if (custom) return plainText(issue.message);
  if (issue.code !== "invalid_format") return "does not fit";
  return issue.format === "url"
    ? "must be a URL such as http://127.0.0.1:11434/v1"
    : "is not written as it must be";
}

function nameOf(path: Path): string {
  return path.length === 0 ? "the file" : `'${shown(path.map(String).join("."))}'`;
}

function shown(text: string, max = 80): string {
  return clip(plainText(text), max);
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((item) => String(item));
  return texts.length === 1 ? (texts[0] ?? "") : `one of ${texts.join(", ")}`;
}

/** `have at most 64 characters`, `be more than 0`. */
function boundOf(
  within: string,
  beyond: string,
  bound: number | bigint,
  issue: { readonly origin: string; readonly inclusive?: boolean },
): string {
  if (issue.origin === "string") return `have ${within} ${bound} characters`;
  if (issue.origin === "array") return `have ${within} ${bound} items`;
  return `be ${issue.inclusive === false ? beyond : within} ${bound}`;
}

function wanted(issue: Issue & { code: "invalid_type" }, schema: z.core.$ZodType | null): string {
  return issue.expected === "int" ? "a whole number" : shapeOf(schema);
}

/** The advice that most often helps: `version: 1.2` is a number until it stands in quotes. */
function quotes(issue: Issue & { code: "invalid_type" }): string {
  const plain = typeof issue.input === "number" || typeof issue.input === "boolean";
  return issue.expected === "string" && plain ? `; write "${issue.input}"` : "";
}

function found(input: unknown): string {
  if (input === null) return "empty";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "fields";
  if (typeof input === "number") return `the number ${input}`;
  if (typeof input === "boolean") return String(input);
  return typeof input === "string" ? `the text '${shown(input, 40)}'` : "something else";
}

// What follows reads a schema's own definition, as the zod package publishes it for tools.

interface Def {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly options?: readonly z.core.$ZodType[];
  readonly entries?: Record<string, string>;
  readonly values?: readonly unknown[];
  readonly getter?: () => z.core.$ZodType;
}

function defOf(schema: z.core.$ZodType): Def {
  let def = schema._zod.def as unknown as Def;
  for (let depth = 0; depth < 16; depth++) {
    const inner = def.innerType ?? def.in ?? def.getter?.();
    if (inner === undefined) break;
    def = inner._zod.def as unknown as Def;
  }
  return def;
}

function optionsOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  return defOf(schema).options ?? [];
}

function fieldsOf(schema: z.core.$ZodType | null): readonly string[] {
  if (schema === null) return [];
  const def = defOf(schema);
  return Object.keys(def.shape ?? {});
}

function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | null {
  let at: z.core.$ZodType | null = schema;
  for (const part of path) {
    if (at === null) return null;
    at = childOf(at, part);
  }
  return at;
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | null {
  const def = defOf(schema);
  if (def.shape) return Object.hasOwn(def.shape, part) ? (def.shape[String(part)] ?? null) : null;
  if (def.options) {
    const inside = def.options.map((option) => childOf(option, part));
    return inside.find((option) => option !== null) ?? null;
  }
  return def.element ?? def.valueType ?? null;
}

const SHAPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "fields",
  record: "fields",
};

function shapeOf(schema: z.core.$ZodType | null): string {
  if (schema === null) return "something else";
  const def = defOf(schema);
  if (def.type === "enum") return oneOf(Object.values(def.entries ?? {}));
  if (def.type === "literal") return oneOf(def.values ?? []);
  if (def.type === "array" && def.element) return `a list of ${plural(shapeOf(def.element))}`;
  if (def.options) return [...new Set(def.options.map(shapeOf))].join(" or ");
  return SHAPES[def.type] ?? "something else";
}

function plural(shape: string): string {
  return shape === "text" ? "texts" : shape.replace(/^a /u, "").replace(/number$/u, "numbers");
}
