/**
 * What is measured against what. A row is a few cases run side by side, round after round; a line
 * is one figure of it; a target is a line that says how good it has to be.
 */

/** One figure of the table. */
export interface Line {
  /** What it is, e.g. `nanos, ms a step`. */
  readonly says: string;
  /** The case the figure is of, and its name there. */
  readonly of: string;
  readonly figure: string;
  readonly unit: string;
  /** The case and figure it is divided by; the same figure where none is named. */
  readonly by?: string;
  readonly byFigure?: string;
  /** `difference` takes the other figure away instead of dividing by it. */
  readonly how?: "ratio" | "difference";
  readonly target?: Target;
}

/** A limit on a line's ratio, or on its figure where it has none. */
export interface Target {
  readonly name: string;
  readonly limit: number;
  readonly better: "less" | "more";
}

export interface Row {
  readonly name: string;
  /** Cases of child.ts, in the order they take turns. */
  readonly cases: readonly string[];
  /** Cases that need an installed peer, with the folder it lies in. */
  readonly peers?: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly lines: readonly Line[];
}

/** A target that is met from the limit down. */
export const atMost = (name: string, limit: number): Target => ({ name, limit, better: "less" });
/** A target that is met from the limit up. */
export const atLeast = (name: string, limit: number): Target => ({ name, limit, better: "more" });
