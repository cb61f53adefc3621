import type { Change } from "../contracts/skill.ts";
import type { Json } from "../std/json.ts";

/** Changes as an editor shows them: the lines that differ, with a little of what stands around them. */
export function diffContent(changes: readonly Change[], isBackward = false): readonly Json[] {
  return changes.slice(0, MOST).flatMap(({ path, state, lines }) => {
    if (lines.length === 0) return [];
    const text = (out: "added" | "removed"): string =>
      lines.flatMap(({ kind, text: line }) => (kind === out ? [] : [line])).join("\n");
    const [old, now] = isBackward
      ? [text("removed"), text("added")]
      : [text("added"), text("removed")];
    const isNew = state === (isBackward ? "removed" : "new");
    return [{ type: "diff", path, oldText: isNew ? null : old, newText: now }];
  });
}

/** Files of one step that are shown. */
const MOST = 50;
