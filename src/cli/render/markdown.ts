import { plainText } from "../../std/text.ts";

/**
 * Markdown as terminal text. What a model wrote can style itself and nothing else: the source is
 * made plain first, and of the rendered text only colours stay, because a renderer may turn an
 * entity such as `&#27;` back into a control character. Links show their real target.
 * Without Bun, or without colours, the source itself is shown: markdown reads well as it is.
 */
export function markdown(source: string, columns: number, color: boolean): string {
  const plain = plainText(source);
  if (!color || typeof Bun === "undefined") return plain;
  const rendered = Bun.markdown.ansi(plain, { columns: Math.max(20, columns), hyperlinks: false });
  return onlyColors(rendered.replace(REPEATED_LINK, "$1")).trimEnd();
}

/**
 * Gives out markdown block by block while it streams in, so that what is shown never has to be
 * taken back: a block is complete at a blank line outside a code fence.
 */
export class MarkdownStream {
  #pending = "";
  #fence: string | null = null;
  #lineStart = 0;

  /** Takes more text; returns the source of the blocks that are complete now, or "". */
  push(delta: string): string {
    this.#pending += delta;
    // Only a newline can complete a block, and most deltas hold none.
    if (!delta.includes("\n") && this.#pending.length < MAX_BLOCK) return "";
    let complete = 0;
    for (;;) {
      const end = this.#pending.indexOf("\n", this.#lineStart);
      if (end === -1) break;
      if (this.#endsBlock(this.#pending.slice(this.#lineStart, end))) complete = end + 1;
      this.#lineStart = end + 1;
    }
    if (complete === 0 && this.#pending.length >= MAX_BLOCK) complete = this.#pending.length;
    return this.#take(complete);
  }

  /** The source of the block that is not complete yet. */
  get pending(): string {
    return this.#pending;
  }

  /** The rest. */
  end(): string {
    return this.#take(this.#pending.length);
  }

  #take(length: number): string {
    const block = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    this.#lineStart = Math.max(0, this.#lineStart - length);
    return block;
  }

  #endsBlock(line: string): boolean {
    const mark = /^ {0,3}(```+|~~~+)/u.exec(line)?.[1];
    if (this.#fence !== null) {
      if (mark?.startsWith(this.#fence) === true) this.#fence = null;
      return false;
    }
    if (mark !== undefined) this.#fence = mark;
    return line.trim() === "";
  }
}

/** Longest block held back; a longer one is shown in pieces. */
const MAX_BLOCK = 16 * 1024;

// eslint-disable-next-line no-control-regex -- the renderer's own colour sequences
const SGR = /(\x1b\[[0-9;]*m)/u;
// The renderer writes `https://a.example (https://a.example)` for a bare link.
const REPEATED_LINK =
  // eslint-disable-next-line no-control-regex -- the renderer's own colour sequences
  /(\x1b\[4m([^\x1b]+)\x1b\[24m\x1b\[39m)\x1b\[2m \(\2\x1b\[2m\)(\x1b\[39m\x1b\[22m)/gu;

/** Everything but colour sequences made plain. */
function onlyColors(text: string): string {
  return text
    .split(SGR)
    .map((part, i) => (i % 2 === 1 ? part : plainText(part)))
    .join("");
}
