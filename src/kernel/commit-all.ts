import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import type { Outcome } from "../contracts/outcome.ts";
import type { Ask } from "../contracts/run.ts";
import type { LoadedTool } from "../tools/tool-host.ts";
import { act } from "./act.ts";
import type { Frame } from "./frame.ts";
import { commitWant } from "./wants/commit.ts";
import { toolWant } from "./wants/tool.ts";

/** A call that was carried out, with the step that holds its stage; null when nothing was done. */
export interface Settled {
  readonly step: string | null;
  readonly outcome: Outcome;
}

type Committed<T> =
  | { readonly kind: "committed"; readonly value: T }
  | { readonly kind: "waiting"; readonly asks: readonly Ask[] };

/** Puts what the calls staged in place, one judged action each, in the order of the calls. */
export async function commitAll(
  frame: Frame,
  calls: readonly { readonly name: string; readonly args: Json }[],
  settled: readonly Settled[],
): Promise<Committed<readonly Outcome[]>> {
  const outcomes: Outcome[] = [];
  for (const [i, one] of settled.entries()) {
    const call = calls[i];
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === call?.name);
    if (!call || !tool) {
      outcomes.push(one.outcome);
      continue;
    }
    const done = await commitOne(frame, tool, call.args, one);
    if (done.kind === "waiting") return done;
    outcomes.push(done.value);
  }
  return { kind: "committed", value: outcomes };
}

/**
 * Commits one call's stage. When the files were changed meanwhile (by a sibling call, another run or
 * the operator) nothing was written, so the call is made again on the files as they are now.
 */
async function commitOne(
  frame: Frame,
  tool: LoadedTool,
  args: Json,
  settled: Settled,
): Promise<Committed<Outcome>> {
  let { step, outcome } = settled;
  for (let tries = 0; ; tries++) {
    if (isChanged(outcome) && step !== null && tries < LIMITS.commitRetries) {
      const again = await callAgain(frame, tool, args);
      if (again.kind === "waiting") return again;
      ({ step, outcome } = again.value);
      continue;
    }
    const staged = outcome.status === "done" ? outcome.staged : undefined;
    if (!staged || step === null || outcome.status !== "done")
      return { kind: "committed", value: outcome };
    frame.stages.add(step);
    const acted = await act(frame, commitWant(frame, tool, step, staged));
    if (acted.status === "waiting") return { kind: "waiting", asks: acted.asks };
    if (acted.status !== "settled") throw new Error("bug: a commit was not settled");
    if (acted.outcome.status === "done") {
      const { files = [] } = acted.outcome;
      for (const { path, kind } of files) frame.files.set(path, kind);
      return { kind: "committed", value: { ...outcome, files } };
    }
    const { failure } = acted.outcome;
    if (failure.code !== CHANGED || tries >= LIMITS.commitRetries) {
      return { kind: "committed", value: acted.outcome };
    }
    const again = await callAgain(frame, tool, args);
    if (again.kind === "waiting") return again;
    ({ step, outcome } = again.value);
  }
}

/** True when the files were changed while the call was copying or reading them. */
function isChanged(outcome: Outcome): boolean {
  return outcome.status === "failed" && outcome.failure.code === CHANGED;
}

const CHANGED = "sandbox.changed_meanwhile";

async function callAgain(frame: Frame, tool: LoadedTool, args: Json): Promise<Committed<Settled>> {
  const again = await act(frame, toolWant(frame, tool, args));
  if (again.status === "waiting") return { kind: "waiting", asks: again.asks };
  if (again.status !== "settled") throw new Error("bug: a call was not settled");
  return { kind: "committed", value: again };
}
