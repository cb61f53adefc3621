import { z } from "zod";
import type { RunHandle, RunHooks } from "./nanos.ts";
import { FileChange } from "./outcome.ts";
import type { Change } from "./skill.ts";

/** A file as it would be brought back: `before` is what steps left of it, `after` what they found. */
export const UndoFile = FileChange.extend({
  /**
   * `ready` to be brought back, `done` as it is so already, `changed` since by somebody else,
   * `unkept` as it was too large, `gone` as what was kept made room for newer steps.
   */
  state: z.enum(["ready", "done", "changed", "unkept", "gone"]),
});
export type UndoFile = z.infer<typeof UndoFile>;

/** Commits by the step whose stage each put in place, the newest first. */
export const Commits = z.array(z.strictObject({ step: z.string(), files: z.array(FileChange) }));
export type Commits = z.infer<typeof Commits>;

/** What an undo is asked with: what it takes back, and what becomes of each file. */
export const UndoArgs = z.strictObject({
  of: z.string(),
  commits: Commits,
  files: z.array(FileChange),
});
export type UndoArgs = z.infer<typeof UndoArgs>;

/** Something a step did that no undo takes back. */
export interface Outward {
  readonly step: string;
  readonly kind: string;
  readonly name: string;
  /** Where it went or what it was about, as scopes. */
  readonly to: readonly string[];
}

/** What an undo would do, and what it cannot. */
export interface UndoView {
  /** The step or run. */
  readonly of: string;
  readonly files: readonly UndoFile[];
  /** The same line by line, from what is there now to what would be. */
  readonly changes: readonly Change[];
  readonly outward: readonly Outward[];
}

/** Takes back what sandboxed steps wrote. */
export interface Undos {
  /** @throws NanosError `run.unknown`, `step.unknown`. */
  plan(of: string): UndoView;
  /**
   * Brings the files back, as a run of its own past the same gate, which can be undone itself.
   *
   * @throws NanosError `undo.changed`, `undo.unkept`, `undo.nothing`, and as `plan` does.
   */
  run(of: string, hooks?: RunHooks): Promise<RunHandle>;
}
