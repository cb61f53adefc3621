import type { Line, Span } from "./line.ts";
import { textOf } from "./line.ts";
import { plainText } from "../../std/text.ts";

// Terminals draw these two cells wide: CJK, kana, hangul, fullwidth forms, emoji.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ZERO = /^(?:\p{Mn}|\p{Me}|\p{Cf}|\p{Variation_Selector})$/u;
// Printable ASCII needs no closer look, which is nearly every text there is.
const ASCII = /^[\x20-\x7e]*$/u;

/** Cells a text takes on a terminal. Escape sequences count as what is left of them: nothing. */
export function cellsOf(text: string): number {
  const plain = plainText(text);
  if (ASCII.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of new Intl.Segmenter().segment(plain)) cells += segmentCells(segment);
  return cells;
}

function segmentCells(segment: string): number {
  if (ZERO.test(segment)) return 0;
  return WIDE.test(segment) || segment.includes("\ufe0f") ? 2 : 1;
}

/** `text` cut to `cells` with an ellipsis when it is longer. */
export function fit(text: string, cells: number): string {
  const plain = plainText(text).replace(/[\t\n]+/gu, " ");
  if (cellsOf(plain) <= cells) return plain;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(plain)) {
    const size = segmentCells(segment);
    if (used + size > cells - 1) break;
    kept += segment;
    used += size;
  }
  return cells <= 0 ? "" : `${kept.trimEnd()}…`;
}

/** A line cut to `cells`, keeping the look of what stays. */
export function fitLine(line: Line, cells: number): Line {
  if (cellsOf(textOf(line)) <= cells) return line;
  if (typeof line === "string") return fit(line, cells);
  const kept: Span[] = [];
  let left = cells;
  for (const part of line) {
    const item = typeof part === "string" ? { text: part } : part;
    const size = cellsOf(item.text);
    if (size >= left) {
      // One cell more than fits makes `fit` end with the ellipsis.
      kept.push({ ...item, text: fit(`${item.text}  `, left) });
      break;
    }
    kept.push(item);
    left -= size;
  }
  return kept;
}

/** `text` followed by spaces up to `cells`. */
export function pad(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - cellsOf(text)));
}

/** Words laid out in lines of at most `cells`; longer words are cut. Line breaks are kept. */
export function wrap(text: string, cells: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of plainText(text).split("\n")) {
    const [, indent = "", words = ""] = /^([ \t]*)(.*)$/u.exec(paragraph) ?? [];
    let line = indent.replaceAll("\t", "  ").slice(0, Math.max(0, cells - 1));
    let bare = true;
    for (const word of words.split(/[ \t]+/u)) {
      const longer = bare ? line + word : `${line} ${word}`;
      if (!bare && cellsOf(longer) > cells) {
        lines.push(line);
        line = word;
      } else line = longer;
      bare = false;
      while (cellsOf(line) > cells && cells > 1) {
        const head = cut(line, cells);
        lines.push(head);
        line = line.slice(head.length);
      }
    }
    lines.push(line);
  }
  return lines;
}

/** A text in pieces of at most `cells`, every character of it, spaces too. */
export function cutAll(text: string, cells: number): readonly string[] {
  const pieces: string[] = [];
  let rest = plainText(text).replaceAll("\t", "  ").replaceAll("\n", " ");
  do {
    const piece = cut(rest, cells);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  } while (rest !== "");
  return pieces;
}

function cut(text: string, cells: number): string {
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += segmentCells(segment);
    if (used > cells && kept !== "") break;
    kept += segment;
  }
  return kept;
}
