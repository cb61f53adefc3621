/**
 * The arrangement as it travels between machines and people: checked, written out, taken over.
 */

/** What is right and wrong with a manifest or a whole arrangement. Nothing of it was run. */
export interface CheckReport {
  /** What was looked at, absolute. */
  readonly path: string;
  /** What it was read as: `arrangement`, `skill`, `agent`, `rules`, … */
  readonly kind: string;
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  /** Worth saying, and no fault. */
  readonly warnings: readonly string[];
}

/** One fault and what to write instead. Lines and columns from 1. */
export interface CheckProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}
