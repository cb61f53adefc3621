import type { Change } from "../contracts/skill.ts";
import { sha256 } from "../std/hash.ts";
import { diffLines } from "../std/diff.ts";
import { LIMITS } from "../std/limits.ts";
import { clip, visibleText } from "../std/text.ts";
import { utf8 } from "./files.ts";

/** One thing before and after: null where it was not, or is no more. */
export interface Pair {
  readonly path: string;
  readonly before: Uint8Array | "unknown" | null;
  readonly after: Uint8Array | null;
}

/**
 * What changed, with the lines to read before a yes: bounded over all of them together, and with
 * what cannot be seen written out.
 */
export function changesOf(pairs: readonly Pair[]): readonly Change[] {
  let room: number = LIMITS.diffShown;
  return pairs.map((pair) => {
    const change = changeOf(pair);
    const lines = change.lines.slice(0, room);
    room -= lines.length;
    const hidden = change.lines.slice(lines.length).filter(({ kind }) => kind !== "same").length;
    return { ...change, lines, more: change.more + hidden };
  });
}

function changeOf({ path, before, after }: Pair): Change {
  const state = before === null ? "new" : after === null ? "removed" : "changed";
  const silent = (note: string): Change => ({
    path: visibleText(path),
    state,
    lines: [],
    more: 0,
    note,
  });
  if (before === "unknown") return silent("what it was is not kept");
  const old = textOf(before);
  const now = textOf(after);
  if (old === null || now === null) {
    return silent(`is not text, or too large to compare: ${sizeOf(before)}, then ${sizeOf(after)}`);
  }
  const { lines, more } = diffLines(old, now);
  const readable = lines.map(({ kind, text }) => ({
    kind,
    text: clip(visibleText(text), MOST_CHARS),
  }));
  return { path: visibleText(path), state, lines: readable, more };
}

/** What there is of a content that is not read: how much, and enough of its hash to tell it by. */
function sizeOf(content: Uint8Array | null): string {
  if (content === null) return "nothing";
  return `${content.length} bytes (sha256 ${sha256(content).slice(0, 12)})`;
}

/** Characters of one line that are shown. */
const MOST_CHARS = 400;

function textOf(content: Uint8Array | null): string | null {
  if (content === null) return "";
  return content.length > LIMITS.seenFileBytes ? null : utf8(content);
}
