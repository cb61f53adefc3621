/** A regular expression taken apart. Only what the standard's `u` syntax has. */
export type Node =
  /** One character out of a set; `source` is the atom as written. */
  | { readonly type: "set"; readonly source: string }
  | { readonly type: "seq"; readonly items: readonly Node[] }
  | { readonly type: "alt"; readonly options: readonly Node[] }
  /** `index` is the number of a capturing group, null for one that captures nothing. */
  | { readonly type: "group"; readonly index: number | null; readonly body: Node }
  | {
      readonly type: "repeat";
      readonly body: Node;
      readonly min: number;
      /** Infinity for `*`, `+` and `{n,}`. */
      readonly max: number;
      readonly greedy: boolean;
    }
  | { readonly type: "edge"; readonly edge: "^" | "$" | "b" | "B" }
  /** Looks at text without taking it. */
  | { readonly type: "look"; readonly body: Node }
  /** Refers back to what a group took. */
  | { readonly type: "back" }
  /** Flags of its own inside. */
  | { readonly type: "flags" };

export interface Parsed {
  readonly root: Node;
  /** Names of capturing groups by number; null for those without. The first is group 1. */
  readonly groups: readonly (string | null)[];
}

/** Takes apart a pattern that `new RegExp(source, "u")` accepts; it is not checked again. */
export function parsePattern(source: string): Parsed {
  const parser = new Parser(source);
  const root = parser.alternatives();
  return { root, groups: parser.groups };
}

/** True when the node can match without taking a character. */
export function canBeEmpty(node: Node): boolean {
  switch (node.type) {
    case "set":
      return false;
    case "seq":
      return node.items.every(canBeEmpty);
    case "alt":
      return node.options.some(canBeEmpty);
    case "group":
      return canBeEmpty(node.body);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.body);
    case "edge":
    case "look":
    case "back":
    case "flags":
      return true;
  }
}

/** Lives for one pattern: where the reading is, and the groups met so far. */
class Parser {
  readonly groups: (string | null)[] = [];
  private at = 0;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  alternatives(): Node {
    const options = [this.sequence()];
    while (this.peek() === "|") {
      this.at += 1;
      options.push(this.sequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { type: "alt", options };
  }

  private sequence(): Node {
    const items: Node[] = [];
    while (this.at < this.source.length && this.peek() !== "|" && this.peek() !== ")") {
      items.push(this.quantified(this.atom()));
    }
    return { type: "seq", items };
  }

  private quantified(body: Node): Node {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/u.exec(
      this.source.slice(this.at, this.at + 32),
    );
    if (match === null) return body;
    this.at += match[0].length;
    const [, sign, low, comma, high, lazy] = match;
    const min = sign === undefined ? Number(low) : sign === "+" ? 1 : 0;
    const counted = comma === "" ? min : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    const max = sign === undefined ? counted : sign === "?" ? 1 : Number.POSITIVE_INFINITY;
    return { type: "repeat", body, min, max, greedy: lazy === "" };
  }

  private atom(): Node {
    const char = this.peek();
    if (char === "(") return this.group();
    if (char === "\\") return this.escape();
    if (char === "[") return this.set(this.classLength());
    if (char === "^" || char === "$") {
      this.at += 1;
      return { type: "edge", edge: char };
    }
    return this.set(String.fromCodePoint(this.source.codePointAt(this.at) ?? 0).length);
  }

  private group(): Node {
    const open = /^\((?:\?(?:(:)|(<?[=!])|<([^>]*)>|([a-z-]*:)))?/u.exec(
      this.source.slice(this.at),
    );
    const [text = "(", plain, look, name, flags] = open ?? [];
    this.at += text.length;
    const captures = plain === undefined && look === undefined && flags === undefined;
    if (captures) this.groups.push(name ?? null);
    const index = captures ? this.groups.length : null;
    const body = this.alternatives();
    this.at += 1;
    if (look !== undefined) return { type: "look", body };
    return flags === undefined ? { type: "group", index, body } : { type: "flags" };
  }

  private escape(): Node {
    const rest = this.source.slice(this.at);
    const next = rest[1] ?? "";
    if (next === "b" || next === "B") {
      this.at += 2;
      return { type: "edge", edge: next };
    }
    const back = /^\\(?:[1-9]\d*|k<[^>]*>)/u.exec(rest);
    if (back === null) return this.set(ESCAPE.exec(rest)?.[0].length ?? 2);
    this.at += back[0].length;
    return { type: "back" };
  }

  /** Length of the class that begins here, brackets included. */
  private classLength(): number {
    let end = this.at + 1;
    while (end < this.source.length && this.source[end] !== "]") {
      end += this.source[end] === "\\" ? 2 : 1;
    }
    return end + 1 - this.at;
  }

  private set(length: number): Node {
    const source = this.source.slice(this.at, this.at + length);
    this.at += length;
    return { type: "set", source };
  }

  private peek(): string | undefined {
    return this.source[this.at];
  }
}

// A pair of halves is one character.
const ESCAPE =
  /^\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[^])/u;
