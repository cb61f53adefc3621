import { NanosError } from "../../std/error.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { RunModel } from "../../contracts/model.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import { LIMITS } from "../../std/limits.ts";
import { act } from "../act.ts";
import { type Frame, draft } from "../frame.ts";
import { offer } from "../offered/offered.ts";
import type { Acted } from "../proposal.ts";
import { modelOf } from "../start.ts";
import { spendFailed } from "../spend.ts";
import { isResting } from "../views/health.ts";
import { modelWant, sentOf } from "./model.ts";
import { fit, sizeOf } from "./window.ts";

/**
 * Asks the run's model, and where it fails or rests the ones that stand in for it, in their order.
 * Each is asked as an action of its own, and the record says who stood in for whom, and why.
 */
export async function askModel(frame: Frame, tools: readonly ToolSpec[]): Promise<Acted> {
  const { fallback = [], ...first } = frame.model;
  const chain = [first, ...fallback];
  for (const [i, model] of chain.entries()) {
    const next = chain[i + 1];
    // One that nobody stands in for is asked however often it failed.
    const resting = next !== undefined && rests(frame, model.name);
    const acted = await askOne(frame, await offer(frame, tools, model), model, resting);
    const why = next && lacking(acted);
    if (!next || !why) return acted;
    if (acted.status === "answered") spendFailed(frame, acted);
    const step = acted.status === "waiting" ? null : acted.step;
    const body = {
      kind: "recovery.taken",
      how: "fallback",
      from: model.name,
      to: next.name,
      why,
    } as const;
    await frame.drive.append([draft(frame, step, "kernel", body)], "later");
  }
  throw new Error("bug: a chain of models had no end");
}

/**
 * Before the model is asked: a run that goes by the model in use takes the one that is in use now.
 * The record says from which step on; a model that cannot be had is not taken.
 */
export async function followModel(frame: Frame): Promise<void> {
  const { drive, world } = frame;
  const next = drive.next(`${drive.run}.${frame.steps + 1}`);
  if (next) {
    if (next.body?.kind === "standing.changed" && next.body.model) swap(frame, next.body.model);
    return;
  }
  if (world === null || !frame.follows) return;
  await world.renew(frame.agent.manifest.name);
  const name = world.defaultModel();
  if (name === frame.model.name) return;
  const model = await modelOf(world, name).catch((error: unknown) => {
    if (error instanceof NanosError) return null;
    throw error;
  });
  if (model) swap(frame, model);
}

function swap(frame: Frame, model: Frame["model"]): void {
  frame.model = model;
  frame.swapped = model;
}

/** Asks one model, with the conversation cut to what it can read. */
async function askOne(
  frame: Frame,
  tools: readonly ToolSpec[],
  model: RunModel,
  resting: boolean,
): Promise<Acted> {
  let size = model.context;
  for (let tries = 0; ; tries++) {
    const isCut = size !== undefined && (await cut(frame, tools, model, size));
    const acted = await act(frame, modelWant(frame, tools, model, resting));
    const tooLong = acted.status === "answered" && acted.failure?.code === TOO_LONG;
    if (!tooLong || size === undefined || tries >= LIMITS.windowTries) return acted;
    // Cutting took nothing away: nothing is left to leave out.
    if (tries > 0 && !isCut) return acted;
    spendFailed(frame, acted);
    size = Math.floor(Math.min(size, sizeOf(sentOf(frame, tools), frame.window)) / 2);
  }
}

const TOO_LONG = "model.context_full";

/** Cuts the conversation where it no longer fits, and says so on the record. True when it did. */
async function cut(
  frame: Frame,
  tools: readonly ToolSpec[],
  { name }: RunModel,
  size: number,
): Promise<boolean> {
  const sent = sentOf(frame, tools);
  const window = fit(sent, frame.window, size);
  const left = window.past + window.turns;
  if (left === frame.window.past + frame.window.turns) return false;
  frame.window = window;
  const of = frame.messages.length;
  const tokens = sizeOf(sent, window);
  const body = { kind: "context.cut", model: name, left, of, tokens, window: size } as const;
  await frame.drive.append([draft(frame, null, "kernel", body)], "later");
  return true;
}

/** As recorded when the step is; a replay asks nobody how a model fares today. */
function rests(frame: Frame, model: string): boolean {
  const { drive, world, steps } = frame;
  const judged = drive
    .recorded(`${drive.run}.${steps + 1}`)
    .find(({ body }) => body?.kind === "action.judged")?.body;
  if (judged?.kind === "action.judged") {
    return judged.decision.layers.some(({ reason }) => reason === "deny:resting");
  }
  return world !== null && isResting(world.journal, model, world.clock.now());
}

/** Why somebody else is asked; null when this answer stands. */
function lacking(acted: Acted): Failure | null {
  switch (acted.status) {
    case "waiting":
      return null;
    case "answered":
      return STANDS.has(acted.finish) ? null : (acted.failure ?? null);
    case "settled":
      return acted.outcome.status === "denied" && PASSED_ON.has(acted.outcome.failure.code)
        ? acted.outcome.failure
        : null;
  }
}

/** The operator stopped it, or the provider's rule did: no other model makes that good. */
const STANDS: ReadonlySet<string> = new Set(["cancelled", "filtered"]);

/** Denials of one model that are none of the next. */
const PASSED_ON: ReadonlySet<string> = new Set(["deny:resting", "deny:local_only"]);
