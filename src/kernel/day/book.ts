import type { Day, DayLimit, DayUse } from "../../contracts/usage.ts";
import { COUNTED } from "../../gate/layers/budget.ts";
import { LIMITS } from "../../std/limits.ts";
import { NanosError } from "../../std/error.ts";
import { localZone } from "../../std/clock.ts";
import { type Model, dearestInput } from "../../models/model.ts";
import type { Frame } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { priceOf } from "../spend.ts";
import { usedToday } from "./view.ts";

/** How the day stands for one after the other of what is proposed together. */
export interface DayBook {
  /** Undefined for what is no use of anything. */
  next(want: Want): Promise<Day | undefined>;
}

/**
 * Proposes while nobody else of the home does: what is judged and written down is set aside for all
 * others, in whatever process they are. Where the home has no limit for a day, nobody waits.
 */
export function inTheDay<T>(
  frame: Frame,
  propose: (book: DayBook | null) => Promise<T>,
): Promise<T> {
  const { world, facts } = frame;
  const { day: limit } = facts;
  if (!world || limit === undefined) return propose(null);
  return world.alone(() => propose(bookOf(frame, world, limit)), "day");
}

function bookOf(frame: Frame, world: NonNullable<Frame["world"]>, limit: DayLimit): DayBook {
  let used: DayUse | null = null;
  return {
    next: async (want) => {
      const { kind, name } = want.action;
      if (kind !== "model" && !COUNTED.has(kind)) return undefined;
      used ??= await usedNow(world, limit);
      const takes =
        kind === "model"
          ? takesOf({
              limit,
              used,
              sends: want.model?.sends ?? 0,
              answers: want.model?.answers ?? true,
              price: await ratesOf(world, name),
            })
          : { calls: 1, tokens: 0, cost: costOfCall(frame, name) };
      const day = { limit, used, takes };
      used = plus(used, takes);
      return day;
    },
  };
}

/** What this process wrote in passing is on disk by then, so that it is not held to what it gave back. */
async function usedNow(
  { journal, clock }: NonNullable<Frame["world"]>,
  { zone = localZone() }: DayLimit,
): Promise<DayUse> {
  await new Promise((resolve) => setImmediate(resolve));
  return usedToday(journal, clock.now(), zone);
}

/** A program that thinks for itself costs what its manifest says; null where that says nothing. */
function costOfCall({ facts, agent }: Frame, name: string): number | null {
  const tool = facts.tools.find(({ manifest }) => manifest.name === name);
  return tool?.agent === undefined ? 0 : (priceOf(agent.manifest) ?? null);
}

async function ratesOf(world: NonNullable<Frame["world"]>, name: string): Promise<Model["price"]> {
  try {
    return (await world.model(name)).price;
  } catch (error) {
    // A model that is not there any more is the call's own failure.
    if (error instanceof NanosError) return null;
    throw error;
  }
}

/** What is set aside: what is sent with a margin, as it is counted by guess, and as much answer as is left. */
function takesOf(given: {
  readonly limit: DayLimit;
  readonly used: DayUse;
  readonly sends: number;
  readonly answers: boolean;
  readonly price: Model["price"];
}): Day["takes"] {
  const { limit, used, sends, answers, price } = given;
  const input = Math.ceil(sends * MARGIN);
  const perToken = {
    input: price === null ? 0 : dearestInput(price) / 1e6,
    output: (price?.output ?? 0) / 1e6,
  };
  if (!answers) return { calls: 1, tokens: input, cost: price && input * perToken.input };
  const money = (limit.cost ?? Number.POSITIVE_INFINITY) - used.cost - input * perToken.input;
  const answer = Math.min(
    LIMITS.dayAnswerTokens,
    (limit.tokens ?? Number.POSITIVE_INFINITY) - used.tokens - input,
    perToken.output === 0 ? Number.POSITIVE_INFINITY : Math.floor(money / perToken.output),
  );
  // One without room for an answer is judged by the least there could be, and denied.
  const least = Math.max(LEAST_TOKENS, answer);
  const cost = price && input * perToken.input + least * perToken.output;
  const isBound = limit.tokens !== undefined || limit.cost !== undefined;
  return { calls: 1, tokens: input + least, cost, ...(isBound ? { answer: least } : {}) };
}

const MARGIN = 1.25;
/** The least answer that makes asking worth while. */
const LEAST_TOKENS = 64;

function plus(used: DayUse, takes: Day["takes"]): DayUse {
  return {
    calls: used.calls + takes.calls,
    tokens: used.tokens + takes.tokens,
    cost: used.cost + (takes.cost ?? 0),
  };
}
