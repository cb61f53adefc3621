import { NanosError, messageOf } from "../../std/error.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Label } from "../../contracts/label.ts";
import type { FileChange, HeldFile, Outcome } from "../../contracts/outcome.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import type { Want } from "../proposal.ts";
import { type Frame, draft } from "../frame.ts";
import { heldWant } from "../secrets/guard.ts";
import { isAttached, reachOf } from "./tool.ts";

/** What a call wrote to its stage, and the label of what it wrote. */
export interface Stage {
  readonly staged: {
    readonly diff: string;
    readonly changes: readonly FileChange[];
    readonly held?: readonly HeldFile[] | undefined;
  };
  readonly label: Label;
}

/**
 * Writing staged changes to the real files, as an action of its own: it is judged by the files it
 * would change and bound to the hash of the change set. `of` is the step whose stage it is.
 */
export function commitWant(
  frame: Frame,
  tool: LoadedTool,
  of: string,
  { staged, label }: Stage,
): Want {
  const writes = staged.changes.map(({ path }) => `write:${path}`);
  const action: Action = {
    gate: "call",
    kind: "commit",
    name: tool.manifest.name,
    agent: frame.agent.manifest.name,
    skill: tool.skill,
    args: {
      of,
      diff: staged.diff,
      files: staged.changes.map(({ path, kind, bytes }) => ({ path, kind, bytes })),
      ...(staged.held ? { held: staged.held.map((one) => ({ ...one })) } : {}),
    },
    scopes: writes,
    destinations: writes,
    label,
  };
  const want: Want = {
    action,
    declared: reachOf(frame, tool),
    attached: isAttached(frame, tool),
    // A commit looks at each file first; what is already in place stays.
    repeatable: true,
    perform: ({ step }) => commit(frame, of, { staged, label }, step),
  };
  return heldWant(
    want,
    staged.held?.flatMap(({ secrets }) => secrets),
  );
}

async function commit(
  frame: Frame,
  of: string,
  { staged, label }: Stage,
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay wrote files");
  const start = drive.elapsed();
  // One commit at a time in this home, so that no two see the same file unchanged and both write it.
  const outcome = await world.alone(() => commitStage(world, of, staged)).catch(failedCommit);
  const ms = Math.round(drive.elapsed() - start);
  return {
    ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }),
    isolation: "host",
    label,
  };
}

/** Another commit held on for too long, or the disk failed: that is an outcome. */
export function failedCommit(error: unknown): Outcome {
  const failure =
    error instanceof NanosError
      ? { code: error.code, message: error.message, next: error.next }
      : // stage.broken -> Nothing was written that is not in nanos trace show RUN. Look at the files' folder, then try again.
        { code: "stage.broken", message: `The commit broke: ${messageOf(error)}` };
  return { status: "failed", failure };
}

/** Writes a stage to the real files. It stays until the outcome is on disk: see `clearStages`. */
async function commitStage(
  world: NonNullable<Frame["world"]>,
  of: string,
  staged: { readonly diff: string; readonly changes: readonly FileChange[] },
): Promise<Outcome> {
  const stage = await world.tools.reopen(of);
  if (!stage) {
    const message = "The staged changes are gone, nothing was written.";
    return { status: "failed", failure: { code: "stage.lost", message, next: "Run it again." } };
  }
  if (stage.diff !== staged.diff) {
    const message = "The staged changes are not those that were judged, nothing was written.";
    return { status: "failed", failure: { code: "stage.changed", message, next: "Run it again." } };
  }
  const failure = await stage.commit();
  if (failure) return { status: "failed", failure };
  const unkept = stage.unkept();
  const lost = unkept.length === 0 ? {} : { unkept: [...unkept] };
  return { status: "done", output: null, files: [...staged.changes], ...lost };
}

/** Clears away the stages that are used up. What came of them is on disk by now. */
export async function clearStages({ world, stages }: Frame): Promise<void> {
  for (const step of stages.splice(0)) {
    // A stage that cannot be cleared away is only untidy.
    const clearing = world?.tools.reopen(step).then((stage) => stage?.discard());
    await clearing?.catch(() => undefined);
  }
}
