import { plainText } from "../../std/text.ts";

/** How a piece of text looks. Colour only ever repeats what the words already say. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

/** A piece of text with one look. The text may come from anywhere: `paint` makes it safe. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** One line of a screen. A plain string is a span without a look. */
export type Line = string | readonly (Span | string)[];

export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style };
}

/**
 * A line as terminal text. The only way from a `Line` to the terminal: escape sequences and
 * control characters in it are dropped here, whoever wrote them, and line breaks become spaces.
 */
export function paint(line: Line, color: boolean): string {
  if (typeof line === "string") return safe(line);
  let text = "";
  for (const part of line)
    text += paintSpan(typeof part === "string" ? { text: part } : part, color);
  return text;
}

/** Lines as terminal text, each ended by a newline. */
export function paintAll(lines: readonly Line[], color: boolean): string {
  return lines.map((line) => `${paint(line, color)}\n`).join("");
}

/** What a line reads, without any look. */
export function textOf(line: Line): string {
  if (typeof line === "string") return line;
  return line.map((part) => (typeof part === "string" ? part : part.text)).join("");
}

const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
  cyan: [36, 39],
};

function paintSpan({ text, style }: Span, color: boolean): string {
  const plain = safe(text);
  if (style === undefined || !color || plain === "") return plain;
  const [on, off] = SGR[style];
  return `\x1b[${on}m${plain}\x1b[${off}m`;
}

function safe(text: string): string {
  return plainText(text).replace(/[\t\n]+/gu, " ");
}
