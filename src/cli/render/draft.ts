import { plainText } from "../../std/text.ts";
import { cellsOf, wrap } from "./width.ts";

/**
 * Text shown as it is written, until its block is complete and can be drawn properly in its place.
 * It breaks the lines itself, so that it knows to the row what has to be taken back.
 */
export class Draft {
  readonly #columns: number;
  #word = "";
  #column = 0;
  #rows = 0;

  /** `columns` of the terminal; the cursor stands at the start of a line. */
  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Takes more text; returns what to write. A word is held back until it is whole. */
  push(text: string): string {
    const all = this.#word + text;
    const end = all.length > MOST_WORD ? all.length : all.search(/\S*$/u);
    this.#word = all.slice(end);
    return this.#place(all.slice(0, end));
  }

  /** What was held back. */
  rest(): string {
    const word = this.#word;
    this.#word = "";
    return this.#place(word);
  }

  /** True when nothing of it is on the screen. */
  get empty(): boolean {
    return this.#rows === 0 && this.#column === 0;
  }

  /** Takes it off the screen again; null when it has grown past the `rows` a screen has. */
  erase(rows: number): string | null {
    if (this.#rows >= rows - 1) return null;
    return this.#rows === 0 ? "\r\x1b[J" : `\r\x1b[${this.#rows}A\x1b[J`;
  }

  #place(text: string): string {
    let out = "";
    for (const part of plainText(text).split(/(\n|[ \t]+)/u)) {
      if (part === "\n") out += this.#newLine();
      else if (part.trim() === "") out += this.#space(part);
      else out += this.#put(part);
    }
    return out;
  }

  #newLine(): string {
    this.#rows += 1;
    this.#column = 0;
    return "\n";
  }

  /** Spaces that do not fit are what a line break replaces. */
  #space(part: string): string {
    const cells = Math.min(part.length, this.#columns - 1 - this.#column);
    this.#column += Math.max(0, cells);
    return " ".repeat(Math.max(0, cells));
  }

  #put(word: string): string {
    let out = "";
    for (const piece of wrap(word, this.#columns - 1)) {
      const cells = cellsOf(piece);
      if (this.#column + cells > this.#columns - 1 && this.#column > 0) out += this.#newLine();
      this.#column += cells;
      out += piece;
    }
    return out;
  }
}

/** A longer word is shown in pieces. */
const MOST_WORD = 400;
