import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { visibleText } from "../../std/text.ts";

/**
 * A change of one agent's file as it is proposed: the piece that goes and the piece that comes in its
 * place. All of it stands in the question, so that what is said yes to is what is written.
 */
export interface Edit {
  /** `agents/NAME.md`. */
  readonly file: string;
  /** Whole lines that stand in the file exactly once; empty for a file that is not there yet. */
  readonly old: string;
  readonly new: string;
  /** What it is proposed for, where nobody asked for it. */
  readonly because?: string;
}

/** Agents' files alone: rules, grants and settings are no matter of a conversation. */
const FILE = /^agents\/[a-z0-9][a-z0-9_-]{0,63}\.md$/u;

/** The edit in a call's arguments, or what is wrong with them. */
export function editIn(args: Json): Edit | string {
  const { file, old = "", new: put, because } = isObject(args) ? args : {};
  if (typeof file !== "string" || typeof old !== "string" || typeof put !== "string") {
    return 'It takes {"file": "agents/NAME.md", "old": TEXT, "new": TEXT}.';
  }
  if (!FILE.test(file)) return "Only files named agents/NAME.md can be changed so.";
  if (old === put) return "It changes nothing.";
  if (visibleText(old + put) !== old + put) return "It holds characters nobody sees.";
  const lines = linesOf(old).length + linesOf(put).length;
  if (lines > LIMITS.proposedLines || old.length + put.length > LIMITS.manifestBytes) {
    return `It is longer than ${LIMITS.proposedLines} lines, which nobody reads before a yes.`;
  }
  return { file, old, new: put, ...(typeof because === "string" ? { because } : {}) };
}

/** The edit that makes one text of the other: what differs, with as many lines around it as make it the only such place. */
export function editBetween(file: string, before: string, after: string): Edit {
  const [was, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < was.length && start < now.length && was[start] === now[start]) start += 1;
  let end = 0;
  const most = Math.min(was.length, now.length) - start;
  while (end < most && was.at(-1 - end) === now.at(-1 - end)) end += 1;
  for (;;) {
    const edit = {
      file,
      old: was.slice(start, was.length - end).join("\n"),
      new: now.slice(start, now.length - end).join("\n"),
    };
    if (edit.old !== "" && edited(before, edit) === after) return edit;
    if (start > 0) start -= 1;
    else if (end > 0) end -= 1;
    else return edit;
  }
}

/** The edit as a unified diff: what stays around it, what goes, what comes. Nothing is left out. */
export function diffOf({ file, old, new: put }: Edit): string {
  const [was, now] = [linesOf(old), linesOf(put)];
  let start = 0;
  while (start < was.length && start < now.length && was[start] === now[start]) start += 1;
  let end = 0;
  const most = Math.min(was.length, now.length) - start;
  while (end < most && was.at(-1 - end) === now.at(-1 - end)) end += 1;
  return [
    `--- ${old === "" ? "/dev/null" : file}`,
    `+++ ${file}`,
    ...was.slice(0, start).map((line) => ` ${line}`),
    ...was.slice(start, was.length - end).map((line) => `-${line}`),
    ...now.slice(start, now.length - end).map((line) => `+${line}`),
    ...was.slice(was.length - end).map((line) => ` ${line}`),
  ].join("\n");
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.split("\n");
}

/** The file once it is changed; null where the piece does not stand there exactly once. */
export function edited(text: string | null, { old, new: put }: Edit): string | null {
  if (text === null) return old === "" ? put : null;
  // Done already, before a crash.
  if (old === "") return text === put ? text : null;
  const at = text.indexOf(old);
  if (at === -1) return put !== "" && text.includes(put) ? text : null;
  if (text.indexOf(old, at + 1) !== -1 || !isWhole(text, at, old)) return null;
  return text.slice(0, at) + put + text.slice(at + old.length);
}

/** Lines from their beginning to their end: a part of one would not say what it becomes. */
function isWhole(text: string, at: number, old: string): boolean {
  const end = at + old.length;
  const begins = at === 0 || text[at - 1] === "\n";
  return begins && (end === text.length || text[end] === "\n" || old.endsWith("\n"));
}
