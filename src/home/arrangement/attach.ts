import type { AgentManifest } from "../../contracts/agent.ts";
import { NanosError } from "../../std/error.ts";
import { type Json, sameJson } from "../../std/json.ts";
import { CLAUDE_AGENT_KEYS } from "../claude.ts";
import { parseManifest } from "./manifest.ts";

/**
 * An agent's file with one name more or less in one of its lists, and not a byte changed elsewhere:
 * comments, order and the way the list is written stay. The file is read again afterwards, and
 * what came of it must be exactly what was meant.
 *
 * @throws NanosError `agent.edit` for a file in which that cannot be done, `manifest.invalid`.
 */
export async function withEntry(
  file: string,
  text: string,
  edit: { readonly list: List; readonly name: string; readonly on: boolean },
): Promise<string> {
  const { list, name, on } = edit;
  const manifest = await manifestIn(file, text);
  const before = manifest[list];
  if (before.includes(name) === on) return text;
  const wanted = on ? [...before, name] : before.filter((one) => one !== name);
  const changed = await edited(text, list, wanted);
  if (await isMeant(file, changed, { ...manifest, [list]: wanted })) return changed ?? text;
  throw new NanosError(
    "agent.edit",
    `The ${list} of ${file} are written in a way that is not changed by itself.`,
    `Open it and write: ${list}: [${wanted.join(", ")}]`,
  );
}

/**
 * An agent's file with another number for one of its limits, and not a byte changed elsewhere; null
 * where that cannot be done by itself.
 *
 * @throws NanosError `manifest.invalid`.
 */
export async function withLimit(
  file: string,
  text: string,
  { limit, to }: { readonly limit: Limit; readonly to: number },
): Promise<string | null> {
  const manifest = await manifestIn(file, text);
  const front = frontOf(text);
  const { parseDocument, isScalar } = await import("yaml");
  const value = front && parseDocument(front.head).getIn(["limits", limit], true);
  if (!front || !isScalar(value) || !value.range) return null;
  const [from, end] = value.range;
  const at = front.start + from;
  const changed = `${text.slice(0, at)}${to}${text.slice(front.start + end)}`;
  const limits = { ...manifest.limits, [limit]: to };
  return (await isMeant(file, changed, { ...manifest, limits })) ? changed : null;
}

/** A limit of an agent's that is a count. */
export type Limit = "turns" | "calls" | "tokens" | "ms";

/** True where a changed file says exactly what was meant. */
async function isMeant(
  file: string,
  changed: string | null,
  meant: AgentManifest,
): Promise<boolean> {
  if (changed === null) return false;
  const after = await manifestIn(file, changed).catch(() => null);
  return sameJson(after as unknown as Json, meant as unknown as Json);
}

/** The front matter of a file, and where it begins; null where it has none. */
function frontOf(text: string): { readonly start: number; readonly head: string } | null {
  const front = /^(\ufeff?---[ \t]*\r?\n)([\s\S]*?)(^---[ \t]*(?:\r?\n|$))/mu.exec(text);
  if (front === null || front.index !== 0) return null;
  const [, open = "", head = ""] = front;
  return { start: open.length, head };
}

/** The lists of names an agent's file has. */
type List = "skills" | "agents";

async function manifestIn(file: string, text: string): Promise<AgentManifest> {
  const { AgentManifest: schema } = await import("../../contracts/agent.ts");
  const read = await parseManifest(file, text, schema, "markdown", {
    ignore: CLAUDE_AGENT_KEYS,
  });
  if (read.ok) return read.value;
  const first = read.problems[0];
  throw new NanosError(
    "manifest.invalid",
    `${file}:${first?.line ?? 1}: ${first?.text ?? "cannot be read"}`,
    `Open ${file} and correct it.`,
  );
}

/** The front matter's own bytes, with the one place changed where the list stands. */
async function edited(text: string, list: List, wanted: readonly string[]): Promise<string | null> {
  const front = frontOf(text);
  if (front === null) return null;
  const { start, head } = front;
  const { parseDocument, isMap, isScalar, isSeq } = await import("yaml");
  const { contents } = parseDocument(head);
  const end = head.includes("\r\n") ? "\r\n" : "\n";
  const put = (from: number, to: number, what: string): string =>
    `${text.slice(0, start + from)}${what}${text.slice(start + to)}`;
  const pair = isMap(contents)
    ? contents.items.find(({ key }) => isScalar(key) && key.value === list)
    : undefined;
  if (pair === undefined)
    return put(head.length, head.length, `${list}: [${wanted.join(", ")}]${end}`);
  const value = pair.value;
  const range = isSeq(value) || isScalar(value) ? value.range : null;
  if (!range) return null;
  const [from, to] = range;
  if (isScalar(value)) return put(from, to, wanted.length === 0 ? "[]" : wanted.join(", "));
  if (isSeq(value) && value.flow === true)
    return put(from, to, flowOf(head.slice(from, to), wanted));
  return isSeq(value) ? put(from, to, blockOf(head, from, to, wanted)) : null;
}

/** `[a, b]` with the blanks it was written with, where it stands on one line. */
function flowOf(before: string, wanted: readonly string[]): string {
  const inner = /^\[( *)/u.exec(before)?.[1] ?? "";
  return wanted.length === 0 ? "[]" : `[${inner}${wanted.join(", ")}${inner}]`;
}

/** Items on lines of their own: those that stay keep theirs, with what stands beside them. */
function blockOf(head: string, from: number, to: number, wanted: readonly string[]): string {
  const indent = /[^\n]*$/u.exec(head.slice(0, from))?.[0] ?? "";
  const lines = head.slice(from, to).split("\n");
  const nameOf = (line: string): string | undefined =>
    /^\s*-\s+["']?([\w.-]+)["']?\s*(?:#.*)?$/u.exec(line)?.[1];
  const kept = lines.filter((line) => {
    const name = nameOf(line);
    return name === undefined || wanted.includes(name);
  });
  const there = lines.map(nameOf);
  const added = wanted.filter((name) => !there.includes(name)).map((name) => `${indent}- ${name}`);
  if (kept.every((line) => nameOf(line) === undefined) && added.length === 0) return "[]";
  const tail = kept.at(-1) === "" ? [""] : [];
  const body = tail.length > 0 ? kept.slice(0, -1) : kept;
  const all = [...body, ...added];
  // The first item begins where the list does, after the blanks that are there already.
  const [first = "", ...rest] = all;
  return [first.trimStart(), ...rest, ...tail].join("\n");
}
