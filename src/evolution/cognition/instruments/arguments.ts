import type { ArgumentsView, Compiled } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { type Held, ofKind, type One, type Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { heldChances } from "./beliefs.ts";

/**
 * Arguments as lines, each following from earlier ones, the last being what is argued for. Whether a
 * step is sound nobody here can say; what it hangs on can be worked out.
 */
export const instrument: Instrument<"arguments"> = {
  about:
    "Claims with the lines they follow from. Works out which premises the claim really hangs on, which " +
    "lines it does not use, how sure the least sure belief among its premises is, and whether an " +
    "objection to it is unanswered. It does not know whether a step is sound. An agent can write one, " +
    "with a model the operator chose; without a model none is written.",
  kinds: { argument: argues },
  read,
};

function argues(held: Held, { by, thought }: Wanted): Failure | null {
  if (thought.is !== "argument") return null;
  const { lines } = thought;
  for (const [i, { from, belief }] of lines.entries()) {
    if (from.some((one) => one >= i + 1)) return broken("A line follows from earlier lines alone.");
    if (belief === undefined) continue;
    if (from.length > 0) return broken("A belief is a premise: it follows from no line.");
    const found = ofKind(held, belief, "belief");
    if ("code" in found) return found;
    if (by !== "operator" && found.by !== by) return broken(`${belief} is not its own belief.`);
  }
  return lines.at(-1)?.from.length === 0 ? broken("Its last line follows from nothing.") : null;
}

function broken(message: string): Failure {
  return { code: "thought.argument", message, next: "nanos cognition argue --help" };
}

/** What an argument hangs on; null for what is none. Lines are counted from 1. */
export function compile(held: Held, one: One): Compiled | null {
  const { thought } = one;
  if (thought.is !== "argument") return null;
  const { lines } = thought;
  const used = new Set([lines.length]);
  // What a line follows from stands before it, so once backwards is enough.
  for (let n = lines.length; n > 0; n--) {
    if (used.has(n)) for (const from of lines[n - 1]?.from ?? []) used.add(from);
  }
  const all = lines.map((line, i) => ({ n: i + 1, ...line }));
  const premises = all.filter(({ n, from }) => used.has(n) && from.length === 0);
  const chance = heldChances(held);
  const chances = premises.flatMap(({ belief }) => (belief === undefined ? [] : [chance(belief)]));
  return {
    premises: premises.map(({ n }) => n),
    unused: all.flatMap(({ n }) => (used.has(n) ? [] : [n])),
    unbacked: premises.flatMap(({ n, belief }) => (belief === undefined ? [n] : [])),
    // With a premise nobody gave a chance, nothing is known of the whole.
    atMost: chances.length === premises.length ? Math.min(...chances) : null,
    state: stateOf(held, one),
  };
}

function stateOf(held: Held, { id }: One): Compiled["state"] {
  const counters = held.about(id).filter(({ thought }) => thought.is === "counter");
  const answers = counters.map((one) => answerOf(held, one));
  if (answers.includes("conceded")) return "conceded";
  return answers.includes(null) ? "challenged" : "unchallenged";
}

/** What the operator answered an objection; null where nothing. */
export function answerOf(held: Held, { id }: One): "met" | "conceded" | null {
  const newest = held.about(id).findLast(({ thought }) => thought.is === "answer");
  return newest?.thought.is === "answer" ? newest.thought.how : null;
}

function read({ held }: Ground): ArgumentsView {
  const all = held.all.flatMap((one) => compile(held, one) ?? []);
  const states = { unchallenged: 0, challenged: 0, conceded: 0 };
  for (const { state } of all) states[state] += 1;
  return {
    noted: all.length,
    ...states,
    unbacked: all.filter(({ unbacked }) => unbacked.length > 0).length,
    unused: all.filter(({ unused }) => unused.length > 0).length,
  };
}
