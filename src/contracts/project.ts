/** What somebody builds, tests and tidies a folder's code with, as its own files say. Nothing was run. */
export interface Project {
  /** Absolute. */
  readonly folder: string;
  /** One of each kind whose file is there. */
  readonly found: readonly {
    readonly kind: ProjectKind;
    /** The file it is known by. */
    readonly file: string;
    readonly commands: readonly Proposed[];
    /** What was not proposed, for a word of what it would run. */
    readonly refused: readonly { readonly use: Use; readonly word: string }[];
  }[];
}

export type ProjectKind = "cargo" | "npm" | "go" | "python" | "make";
export type Use = "build" | "test" | "lint" | "format";

interface Proposed {
  readonly use: Use;
  readonly argv: readonly string[];
}
