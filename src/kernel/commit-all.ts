import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import type { Label } from "../contracts/label.ts";
import type { HeldFile, Outcome } from "../contracts/outcome.ts";
import type { Ask } from "../contracts/run.ts";
import { handleOf } from "../tools/handles.ts";
import type { LoadedTool } from "../tools/tool-host.ts";
import { act } from "./act.ts";
import { joinLabels } from "../gate/labels.ts";
import { sameUse, isLabelled } from "./flow/flow.ts";
import type { Frame } from "./frame.ts";
import { clearStages, commitWant } from "./wants/commit.ts";
import { toolWant } from "./wants/tool.ts";

/** A call that was carried out, with the step that holds its stage; null when nothing was done. */
export interface Settled {
  readonly step: string | null;
  readonly outcome: Outcome;
  /** Of what came of it; null when that is the kernel's own word. */
  readonly label: Label | null;
}

type Committed<T> =
  | { readonly kind: "committed"; readonly value: T }
  | { readonly kind: "waiting"; readonly asks: readonly Ask[] };

/** Puts what the calls staged in place, one judged action each, in the order of the calls. */
export async function commitAll(
  frame: Frame,
  calls: readonly { readonly name: string; readonly args: Json }[],
  settled: readonly Settled[],
): Promise<Committed<readonly Settled[]>> {
  await clearStages(frame);
  const all: Settled[] = [];
  for (const [i, one] of settled.entries()) {
    const call = calls[i];
    const tool = frame.facts.tools.find(({ manifest }) => manifest.name === call?.name);
    if (!call || !tool || one.step === null) {
      noteFiles(frame, one.outcome);
      all.push(one);
      continue;
    }
    const done = await commitOne(frame, tool, call.args, one);
    if (done.kind === "waiting") return done;
    all.push(done.value);
  }
  frame.outward.clear();
  return { kind: "committed", value: all };
}

/**
 * Commits one call's stage. When the files were changed meanwhile (by a sibling call, another run or
 * the operator) nothing was written, so the call is made again on the files as they are now.
 */
async function commitOne(
  frame: Frame,
  tool: LoadedTool,
  args: Json,
  call: Settled,
): Promise<Committed<Settled>> {
  let settled = call;
  for (let tries = 0; ; tries++) {
    const tried = await commitOnce(frame, tool, settled);
    if (tried.kind === "waiting") return tried;
    const { step } = settled;
    if (!isChanged(tried.value.outcome) || tries >= LIMITS.commitRetries) return tried;
    const want = toolWant(frame, tool, args);
    if (!want.repeatable || step === null || frame.outward.has(step)) return tried;
    const same = { step, action: want.action };
    const again = await sameUse(frame, same, () => act(frame, want));
    if (again.status === "waiting") return { kind: "waiting", asks: again.asks };
    if (again.status !== "settled") throw new Error("bug: a call was not settled");
    settled = again;
  }
}

async function commitOnce(
  frame: Frame,
  tool: LoadedTool,
  settled: Settled,
): Promise<Committed<Settled>> {
  const { step, outcome, label } = settled;
  if (outcome.status !== "done" || !outcome.staged || step === null) {
    return { kind: "committed", value: settled };
  }
  // What was written was made of what the call read, too.
  const written = label && isLabelled(frame) ? joinLabels(frame.label, label) : frame.label;
  const stage = { staged: outcome.staged, label: written };
  const acted = await act(frame, commitWant(frame, tool, step, stage));
  if (acted.status === "waiting") return { kind: "waiting", asks: acted.asks };
  if (acted.status !== "settled") throw new Error("bug: a commit was not settled");
  frame.stages.push(step);
  if (acted.outcome.status !== "done") {
    const told = withFiles(acted.outcome, outcome.staged.held);
    return { kind: "committed", value: { step, outcome: told, label } };
  }
  const { files = [] } = acted.outcome;
  noteFiles(frame, acted.outcome);
  return { kind: "committed", value: { step, outcome: { ...outcome, files }, label } };
}

function noteFiles(frame: Frame, outcome: Outcome): void {
  if (outcome.status !== "done") return;
  for (const { path, kind } of outcome.files ?? []) frame.files.set(path, kind);
}

/** A refusal that says which files hold which secrets, so that they can be written without. */
function withFiles(outcome: Outcome, held: readonly HeldFile[] = []): Outcome {
  if (outcome.status !== "denied" || held.length === 0) return outcome;
  const places = held.map(({ path, secrets }) => `${path} holds ${secrets.map(handleOf).join()}.`);
  const { failure } = outcome;
  const message = [failure.message, ...places.slice(0, MOST_PLACES)].join(" ");
  return { ...outcome, failure: { ...failure, message } };
}

const MOST_PLACES = 5;

/** True when the files were changed while the call was copying or reading them, or since. */
function isChanged(outcome: Outcome): boolean {
  return outcome.status === "failed" && outcome.failure.code === "sandbox.changed_meanwhile";
}
