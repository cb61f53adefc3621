import { plainText } from "../../std/text.ts";
import { cellsOf } from "./width.ts";

/**
 * Text shown as it is written, until its block is complete and can be drawn properly in its place.
 * It breaks the lines itself, so that it knows to the row what has to be taken back.
 */
export class Draft {
  readonly #columns: number;
  #column = 0;
  #rows = 0;

  /** `columns` of the terminal; the cursor stands at the start of a line. */
  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Takes more text; returns what to write. */
  push(text: string): string {
    let out = "";
    for (const { segment } of new Intl.Segmenter().segment(plainText(text))) {
      if (segment === "\n") {
        out += this.#newLine();
        continue;
      }
      const shown = segment === "\t" ? " " : segment;
      const cells = cellsOf(shown);
      // The last cell stays free: terminals differ in what they do at the edge.
      if (this.#column + cells >= this.#columns) out += this.#newLine();
      this.#column += cells;
      out += shown;
    }
    return out;
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

  #newLine(): string {
    this.#rows += 1;
    this.#column = 0;
    return "\n";
  }
}
