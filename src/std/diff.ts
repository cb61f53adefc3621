import { LIMITS } from "./limits.ts";

/** One line of a difference between two texts. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** What changed between two texts, with a little of what stands around it. */
export interface Diff {
  readonly lines: readonly DiffLine[];
  /** Lines that differ and are not among `lines`. */
  readonly more: number;
}

/**
 * The difference of two texts, line by line, bounded: at most `LIMITS.diffShown` lines are given
 * and the rest is counted. Texts too long to compare line by line are shown as taken out and put in.
 */
export function diffLines(before: string, after: string): Diff {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const changed = compare(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const lines = [
    ...old.slice(0, start).map(same),
    ...changed,
    ...old.slice(old.length - end).map(same),
  ];
  return bounded(lines);
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/u, "").split("\n");
}

function same(text: string): DiffLine {
  return { kind: "same", text };
}

/** Lines around a change that are shown with it. */
const AROUND = 2;

function bounded(lines: readonly DiffLine[]): Diff {
  const near = new Set<number>();
  lines.forEach(({ kind }, at) => {
    if (kind === "same") return;
    for (let i = at - AROUND; i <= at + AROUND; i++) near.add(i);
  });
  const shown = lines.filter((_, at) => near.has(at));
  const differing = (some: readonly DiffLine[]): number =>
    some.filter(({ kind }) => kind !== "same").length;
  const kept = shown.slice(0, LIMITS.diffShown);
  return { lines: kept, more: differing(shown) - differing(kept) };
}

/** The longest common sequence of lines stays, the rest was taken out or put in. */
function compare(old: readonly string[], now: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (old.length * now.length > LIMITS.diffCells) return [...old.map(removed), ...now.map(added)];
  const wide = now.length + 1;
  const common = new Uint32Array((old.length + 1) * wide);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const below = common[(i + 1) * wide + j] ?? 0;
      const right = common[i * wide + j + 1] ?? 0;
      const both = common[(i + 1) * wide + j + 1] ?? 0;
      common[i * wide + j] = old[i] === now[j] ? both + 1 : Math.max(below, right);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push(same(old[i++] ?? ""));
      j += 1;
    } else if ((common[(i + 1) * wide + j] ?? 0) >= (common[i * wide + j + 1] ?? 0)) {
      lines.push(removed(old[i++] ?? ""));
    } else lines.push(added(now[j++] ?? ""));
  }
  return [...lines, ...old.slice(i).map(removed), ...now.slice(j).map(added)];
}
