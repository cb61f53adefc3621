import type { CountersView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { type Held, ofKind, type Wanted } from "../held.ts";
import type { Instrument } from "../instrument.ts";
import { answerOf } from "./arguments.ts";

/** Objections to arguments, and what the operator answered. */
export const instrument: Instrument<"counters"> = {
  about:
    "Objections to arguments, or to one line of one, and whether the operator met or conceded them. An " +
    "argument with one that is conceded falls. Whether an objection is a good one nobody here can say. " +
    "An agent can write one, with a model the operator chose; without a model none is written.",
  kinds: { counter: objects, answer: answers },
  read: ({ held }) => read(held),
};

function objects(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "counter") return null;
  const found = ofKind(held, thought.of, "argument");
  if ("code" in found) return found;
  const { line = 1 } = thought;
  const last = found.thought.is === "argument" ? found.thought.lines.length : 0;
  if (line <= last) return null;
  const message = `${thought.of} has no line ${line}.`;
  return { code: "thought.argument", message, next: `nanos cognition show ${thought.of}` };
}

function answers(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "answer") return null;
  const found = ofKind(held, thought.of, "counter");
  return "code" in found ? found : null;
}

function read(held: Held): CountersView {
  const all = held.all.filter(({ thought }) => thought.is === "counter");
  const said = all.map((one) => answerOf(held, one));
  return {
    noted: all.length,
    open: said.filter((one) => one === null).length,
    met: said.filter((one) => one === "met").length,
    conceded: said.filter((one) => one === "conceded").length,
  };
}
