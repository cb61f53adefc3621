/** A source text taken apart: each part has the length and the lines of the whole. */
export interface Masked {
  /** Code with comments and the insides of strings and regular expressions blanked. */
  readonly code: string;
  /** Comments alone. */
  readonly comments: string;
}

/** Blanks what is not code, or not comment, keeping every line where it was. */
export function mask(source: string): Masked {
  const code = source.split("");
  const comments = Array.from(source, () => " ");
  const scan = new Scanner(source, code, comments);
  scan.run();
  const lines = (cells: string[]): string => cells.join("");
  return { code: lines(code), comments: lines(comments) };
}

/** Walks a TypeScript text once; knows strings, templates, comments, regular expressions. */
class Scanner {
  readonly #text: string;
  readonly #code: string[];
  readonly #comments: string[];
  /** Depth of braces at which each open `${` of a template ends. */
  readonly #templates: number[] = [];
  #at = 0;
  #depth = 0;
  /** Where the last code character before here is; decides what a slash means. */
  #last = -1;

  constructor(text: string, code: string[], comments: string[]) {
    this.#text = text;
    this.#code = code;
    this.#comments = comments;
    for (let i = 0; i < text.length; i++) if (text[i] === "\n") comments[i] = "\n";
  }

  run(): void {
    while (this.#at < this.#text.length) this.#step();
  }

  #step(): void {
    const char = this.#text[this.#at] ?? "";
    const next = this.#text[this.#at + 1] ?? "";
    if (char === "/" && next === "/") return this.#comment("\n", 0);
    if (char === "/" && next === "*") return this.#comment("*/", 2);
    if (char === '"' || char === "'") return this.#quoted(char);
    if (char === "`") return this.#template();
    if (char === "/" && this.#regexMayStart()) return this.#regex();
    if (char === "{") this.#depth += 1;
    if (char === "}") {
      this.#depth -= 1;
      if (this.#templates.at(-1) === this.#depth) {
        this.#templates.pop();
        return this.#template();
      }
    }
    if (char.trim() !== "") this.#last = this.#at;
    this.#at += 1;
  }

  #comment(end: string, length: number): void {
    const found = this.#text.indexOf(end, this.#at + 2);
    const stop = found < 0 ? this.#text.length : found + length;
    for (; this.#at < stop; this.#at++) {
      const char = this.#text[this.#at] ?? "";
      if (char === "\n") continue;
      this.#comments[this.#at] = char;
      this.#code[this.#at] = " ";
    }
  }

  #quoted(quote: string): void {
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (char === quote || char === "\n") break;
      this.#blank(char === "\\" ? 2 : 1);
    }
    this.#last = this.#at;
    this.#at += 1;
  }

  /** From a backtick, or from the brace that ends a `${`, to the next of either. */
  #template(): void {
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (char === "`") break;
      if (char === "$" && this.#text[this.#at + 1] === "{") {
        this.#templates.push(this.#depth);
        this.#depth += 1;
        this.#last = this.#at + 1;
        this.#at += 2;
        return;
      }
      this.#blank(char === "\\" ? 2 : 1);
    }
    this.#last = this.#at;
    this.#at += 1;
  }

  /** A slash divides after a value and starts a regular expression anywhere else. */
  #regexMayStart(): boolean {
    const before = this.#text.slice(Math.max(0, this.#last - 10), this.#last + 1);
    if (/\b(?:return|typeof|case|in|of|await|yield|void|do|else)$/u.test(before)) return true;
    return before === "" || /[^\w$)\]}"'`]$/u.test(before);
  }

  #regex(): void {
    this.#at += 1;
    let inClass = false;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (char === "\n" || (char === "/" && !inClass)) break;
      if (char === "[") inClass = true;
      if (char === "]") inClass = false;
      this.#blank(char === "\\" ? 2 : 1);
    }
    this.#last = this.#at;
    this.#at += 1;
  }

  #blank(count: number): void {
    for (let i = 0; i < count && this.#at < this.#text.length; i++, this.#at++) {
      if (this.#text[this.#at] !== "\n") this.#code[this.#at] = " ";
    }
  }
}
