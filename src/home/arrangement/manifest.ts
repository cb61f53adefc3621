import type { z } from "zod";
import type { Document, LineCounter, Node, Pair } from "yaml";
import { messageOf, NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import { explain, type Finding, type Path } from "./explain.ts";

/** One thing wrong in one file, where it is and what to write instead. Lines and columns from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** A manifest that fits its schema, or everything that is wrong with it. */
export type Parsed<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** What follows the front matter; empty for a plain file. */
      readonly body: string;
      /** The fields that were taken out before. */
      readonly ignored: Readonly<Record<string, unknown>>;
      /** Where the value at a path stands. */
      readonly at: (path: Path) => { readonly line: number; readonly column: number };
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ParseOptions {
  /** Fields read by other programs, taken out before the schema sees them. */
  readonly ignore?: readonly string[];
  /** Other programs' files: unknown and empty fields are passed over. */
  readonly lenient?: boolean;
  /** Values for fields that are absent. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/**
 * Reads one manifest. `file` is what problems call it. `kind` is `yaml` (JSON is YAML too) or
 * `markdown`, whose front matter is read and whose rest is the body. Only YAML, never code, never
 * a type of its own; size, aliases and names that reach into prototypes are bounded.
 */
export async function parseManifest<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
  kind: "yaml" | "markdown",
  options: ParseOptions = {},
): Promise<Parsed<T>> {
  const fail = (line: number, column: number, what: string): Parsed<T> => ({
    ok: false,
    problems: [{ file, line, column, text: what }],
  });
  if (Buffer.byteLength(text) > LIMITS.manifestBytes) {
    return fail(1, 1, `is larger than ${LIMITS.manifestBytes} bytes`);
  }
  const parts = kind === "yaml" ? { head: text, body: "", before: 0 } : splitFrontMatter(text);
  if ("problem" in parts) return fail(parts.line, 1, parts.problem);
  const source = await readYaml(parts.head, kind === "markdown");
  const place = (at: Place): Problem => ({
    file,
    line: at.line + parts.before,
    column: at.column,
    text: at.text,
  });
  if (!source.ok) return { ok: false, problems: source.found.map(place) };
  const { document, lines, value } = source;
  const given = prepare(value, options);
  const ignored = Object.fromEntries(
    Object.entries(value).filter(([name]) => options.ignore?.includes(name)),
  );
  const result = check(schema, given, options.lenient ?? false);
  if (result.ok) {
    const at = (path: Path): { line: number; column: number } => {
      const { line, column } = place({ ...positionOf(document, lines, path, "value"), text: "" });
      return { line, column };
    };
    return { ok: true, value: result.value, body: parts.body, ignored, at };
  }
  const problems = result.findings.map(({ path, at, text: what }) =>
    place({ ...positionOf(document, lines, path, at), text: what }),
  );
  return { ok: false, problems };
}

/**
 * All problems of all files as the one error a person sees. Paths in problems are relative to
 * `dir`, so the error says what to open in full.
 */
export function manifestError(dir: string, problems: readonly Problem[]): NanosError {
  const sorted = problems.toSorted(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
  const lines = sorted.slice(0, LIMITS.problemsListed).map((p) => `${p.file}:${p.line}: ${p.text}`);
  const rest = sorted.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more`);
  const first = sorted[0];
  const next =
    first === undefined
      ? "Check the files named."
      : `Open ${plainText(dir)}/${first.file} at line ${first.line}, column ${first.column}.`;
  // manifest.invalid: A file of the arrangement does not fit; each place is named with its line. -> Open the file at that line and correct it; nanos check FILE looks again.
  return new NanosError("manifest.invalid", lines.join("\n"), next, { problems: sorted });
}

interface Place {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

type Source =
  | { ok: true; document: Document; lines: LineCounter; value: Record<string, unknown> }
  | { ok: false; found: readonly Place[] };

/** YAML to a plain object, with positions. Loads the parser only when something is to be read. */
async function readYaml(text: string, forgiving: boolean): Promise<Source> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const stop = (offset: number, what: string): Source => {
    const { line, col } = lines.linePos(offset);
    return {
      ok: false,
      found: [{ line: Math.max(1, line), column: Math.max(1, col), text: what }],
    };
  };
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "error",
    });
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length > 0) {
      const quoted = forgiving ? quoteLooseValues(text) : text;
      const again = quoted === text ? null : await readYaml(quoted, false);
      if (again?.ok === true) return again;
      if (wrong.some((error) => error.message.includes("call stack"))) {
        return stop(0, "is nested too deeply");
      }
      const found = wrong.slice(0, LIMITS.problemsListed).map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { line, column: col, text: yamlSentence(error.message, error.code) };
      });
      return { ok: false, found };
    }
    const bad = badKey(yaml, document);
    if (bad !== null) return stop(bad.offset, bad.why);
    const value: unknown = document.toJS({ maxAliasCount: LIMITS.yamlAliases }) ?? {};
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return stop(0, "must be fields, each `name: value`");
    }
    return { ok: true, document, lines, value: value as Record<string, unknown> };
  } catch (error) {
    // Aliases that multiply, and nesting deeper than the stack.
    const what = error instanceof RangeError ? "is nested too deeply" : messageOf(error);
    return { ok: false, found: [{ line: 1, column: 1, text: yamlSentence(what, "") }] };
  }
}

function yamlSentence(message: string, code: string): string {
  if (code === "DUPLICATE_KEY") return "the same field stands here twice";
  if (code === "TAG_RESOLVE_FAILED") return "tags such as `!name` are not read";
  if (code === "MULTIPLE_DOCS") return "holds more than one document";
  const first = plainText(message).split("\n", 1)[0] ?? "";
  if (first.startsWith("Excessive alias count")) return "its aliases multiply beyond reason";
  return `is not valid YAML: ${clip(first, 200)}`;
}

const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

/** A field whose name is no text, or one that means something to JavaScript itself. */
function badKey(
  yaml: typeof import("yaml"),
  document: Document,
): { offset: number; why: string } | null {
  let found: { offset: number; why: string } | null = null;
  yaml.visit(document, {
    Pair: (_, pair: Pair) => {
      const key = pair.key as Node | null;
      const name = yaml.isScalar(key) ? String(key.value) : null;
      if (name !== null && !RESERVED.has(name)) return undefined;
      const why =
        name === null ? "a field's name must be text" : `a field may not be named '${name}'`;
      found = { offset: key?.range?.[0] ?? 0, why };
      return yaml.visit.BREAK;
    },
  });
  return found;
}

/**
 * Front matter lies between a first line `---` and the next. Anything after the dashes, such as a
 * language name, is refused: it would be run elsewhere and is never run here.
 */
function splitFrontMatter(
  text: string,
): { head: string; body: string; before: number } | { problem: string; line: number } {
  const lines = text.split(/\r?\n/u);
  const first = lines[0] ?? "";
  if (/^---\s*\S/u.test(first)) {
    return { line: 1, problem: "front matter is YAML between two lines of `---` and nothing else" };
  }
  if (first.trimEnd() !== "---") {
    return { line: 1, problem: "has no front matter; its first line must be `---`" };
  }
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === "---");
  if (end < 0) return { line: 1, problem: "front matter has no closing line of `---`" };
  return {
    head: lines.slice(1, end).join("\n"),
    body: lines
      .slice(end + 1)
      .join("\n")
      .trim(),
    before: 1,
  };
}

/** `key: some text: with a colon` as other programs accept it: the value in quotes. */
function quoteLooseValues(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      const match = /^([A-Za-z][\w-]*):[ \t]+([^\s"'|>[{&*!#%@`].*)$/u.exec(line);
      const value = match?.[2]?.trimEnd() ?? "";
      return match && /:|\s#/u.test(value) ? `${match[1]}: ${JSON.stringify(value)}` : line;
    })
    .join("\n");
}

function prepare(value: Record<string, unknown>, options: ParseOptions): Record<string, unknown> {
  const kept = Object.entries(value).filter(
    ([name, item]) => !options.ignore?.includes(name) && !(options.lenient && item === null),
  );
  return { ...options.defaults, ...Object.fromEntries(kept) };
}

type Checked<T> = { ok: true; value: T } | { ok: false; findings: readonly Finding[] };

function check<T>(
  schema: z.ZodType<T>,
  value: Record<string, unknown>,
  lenient: boolean,
): Checked<T> {
  try {
    let result = schema.safeParse(value, { reportInput: true });
    if (!result.success && lenient) {
      dropUnknown(value, result.error.issues);
      result = schema.safeParse(value, { reportInput: true });
    }
    if (result.success) return { ok: true, value: result.data };
    return { ok: false, findings: explain(schema, result.error.issues) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, findings: [{ path: [], at: "value", text: "is nested too deeply" }] };
  }
}

/** Takes out, where they stand, the fields another program put there for itself. */
function dropUnknown(value: unknown, issues: readonly z.core.$ZodIssue[]): void {
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    let parent = value;
    for (const part of issue.path) parent = (parent as Record<PropertyKey, unknown>)[part];
    for (const key of issue.keys) delete (parent as Record<string, unknown>)[key];
  }
}

/** Where a value, or the name of its field, stands. A missing value stands where its parent does. */
function positionOf(
  document: Document,
  lines: LineCounter,
  path: Path,
  want: "key" | "value",
): { line: number; column: number } {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    const step = stepInto(document, node, String(part));
    if (step === null) break;
    node = step.value;
    const last = index === path.length - 1;
    offset = (want === "key" || !last ? step.key : (node?.range?.[0] ?? step.key)) ?? offset;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

interface MapLike {
  readonly items: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

function stepInto(
  document: Document,
  from: Node | null,
  part: string,
): { key: number | undefined; value: Node | null } | null {
  const node = resolved(document, from);
  if (node === null || !("items" in node)) return null;
  const items = (node as unknown as MapLike).items;
  for (const [index, item] of items.entries()) {
    const isPair = typeof item === "object" && "key" in item;
    if (!isPair && String(index) === part) {
      return { key: (item as unknown as Node).range?.[0], value: item as unknown as Node };
    }
    if (!isPair) continue;
    const key = item.key as (Node & { value?: unknown }) | null;
    if (String(key?.value) === part) {
      return { key: key?.range?.[0], value: (item.value ?? null) as Node | null };
    }
  }
  return null;
}

function resolved(document: Document, node: Node | null): Node | null {
  if (node === null || !("source" in node) || "value" in node) return node;
  return (node as Node & { resolve(doc: Document): Node | undefined }).resolve(document) ?? null;
}
