import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { UndoArgs } from "../../contracts/undo.ts";
import { OPERATOR_LABEL } from "../../gate/labels.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { failedCommit } from "../wants/commit.ts";
import type { World } from "../world.ts";

/** What the operator's taking back of files goes by; no tool can have the name. */
export const UNDO = "files.undo";

/**
 * Bringing back what was there before steps wrote: a commit like any other, judged by the files it
 * writes and bound to the hash of what becomes of them.
 */
export function undoWant(frame: Frame, given: Json): Want {
  const args = UndoArgs.parse(given);
  const { of, files } = args;
  const writes = files.map(({ path }) => `write:${path}`);
  const action: Action = {
    gate: "call",
    kind: "commit",
    name: UNDO,
    agent: frame.agent.manifest.name,
    args: {
      of,
      diff: hashOf(files as unknown as Json),
      files: files.map(({ path, kind, bytes }) => ({ path, kind, bytes })),
    },
    scopes: writes,
    destinations: writes,
    label: OPERATOR_LABEL,
  };
  return {
    action,
    declared: writes,
    attached: true,
    // What is back already stays.
    repeatable: true,
    perform: ({ step }) => takeBack(frame, args, step),
  };
}

async function takeBack(frame: Frame, args: UndoArgs, step: string): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay wrote files");
  const start = drive.elapsed();
  const outcome = await world.alone(() => backTo(world, args, step)).catch(failedCommit);
  frame.stages.push(step);
  const ms = Math.round(drive.elapsed() - start);
  // With no label of its own a file is again whose it was.
  return {
    ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }),
    isolation: "host",
  };
}

async function backTo({ tools }: World, args: UndoArgs, step: string): Promise<Outcome> {
  const staged = await tools.takeBack(step, args.commits);
  if ("code" in staged) return { status: "failed", failure: staged };
  if (staged.diff !== hashOf(args.files as unknown as Json)) {
    const message = "The files are not as they were when it was asked for; nothing was written.";
    const next = `Look again: nanos undo ${args.of} --dry-run`;
    return { status: "failed", failure: { code: "undo.changed", message, next } };
  }
  const failure = await staged.commit();
  if (failure) return { status: "failed", failure };
  const { length } = staged.changes;
  const output = `${length} ${length === 1 ? "file is" : "files are"} as before ${args.of}.`;
  return { status: "done", output, files: [...staged.changes] };
}
