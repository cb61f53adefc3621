import type { Change } from "../../contracts/skill.ts";
import type { DiffLine } from "../../std/diff.ts";
import { type Line, span, type Style } from "./line.ts";
import { cutAll, pad } from "./width.ts";
import { count } from "./words.ts";

/** Cells from which what was and what is to be stand side by side. */
const SIDE_BY_SIDE = 120;

const STATES: Readonly<Record<Change["state"], readonly [sign: string, style: Style]>> = {
  new: ["+", "green"],
  changed: ["~", "yellow"],
  removed: ["-", "red"],
};

const KINDS: Readonly<Record<DiffLine["kind"], readonly [sign: string, style: Style]>> = {
  same: [" ", "dim"],
  added: ["+", "green"],
  removed: ["-", "red"],
};

/** One file or tool, and its lines: side by side where `width` has room, else one under the other. */
export function changeLines(
  { path, state, lines, more, note }: Change,
  width = 0,
): readonly Line[] {
  const [sign, style] = STATES[state];
  const wide = width >= SIDE_BY_SIDE && state === "changed";
  return [
    [span(`  ${sign} `, style), path, span(note === undefined ? "" : `  ${note}`, "dim")],
    ...(wide ? sideBySide(lines, width) : lines.map(under)),
    ...(more === 0 ? [] : [[span(`    … ${count(more, "more line")} not shown`, "yellow")]]),
  ];
}

function under({ kind, text }: DiffLine): Line {
  const [mark, look] = KINDS[kind];
  return [span(`    ${mark} ${text}`, look)];
}

/** Each run of lines taken out beside the run put in for it. */
function sideBySide(lines: readonly DiffLine[], width: number): readonly Line[] {
  const cells = Math.floor((width - 9) / 2);
  const rows: Line[] = [];
  let [out, put]: [DiffLine[], DiffLine[]] = [[], []];
  const flush = (): void => {
    for (let i = 0; i < Math.max(out.length, put.length); i++) {
      rows.push(...row(out[i], put[i], cells));
    }
    [out, put] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === "removed" && put.length > 0) flush();
    if (line.kind === "removed") out.push(line);
    else if (line.kind === "added") put.push(line);
    else {
      flush();
      rows.push(...row(line, line, cells));
    }
  }
  flush();
  return rows;
}

/** As many lines as the longer side takes: nothing of what a yes is given to is left out. */
function row(
  left: DiffLine | undefined,
  right: DiffLine | undefined,
  cells: number,
): readonly Line[] {
  const [was, is] = [half(left, cells), half(right, cells)];
  return Array.from({ length: Math.max(was.length, is.length) }, (_, i): Line => {
    const side = (line: DiffLine | undefined, texts: readonly string[]): ReturnType<typeof span> =>
      span(pad(texts[i] ?? "", cells), KINDS[line?.kind ?? "same"][1]);
    return ["    ", side(left, was), span(" │ ", "dim"), side(right, is)];
  });
}

function half(line: DiffLine | undefined, cells: number): readonly string[] {
  if (line === undefined) return [""];
  const [mark] = KINDS[line.kind];
  const [first = "", ...rest] = cutAll(line.text, cells - 2);
  return [`${mark} ${first}`, ...rest.map((text) => `  ${text}`)];
}
