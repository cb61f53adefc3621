import type { PrerequisitesView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { LIMITS } from "../../../std/limits.ts";
import { depthOf, reached } from "../graph.ts";
import { type Held, ofKind, type Wanted } from "../held.ts";
import type { Instrument } from "../instrument.ts";

/** What must be had before something else can be: what is ready now, and in which order the rest is. */
export const instrument: Instrument<"prerequisites"> = {
  about:
    "What needs what, and which of it the operator says is had. Works out what is ready now, what " +
    "still waits for something, and the order in which all that one thing needs can be had.",
  kinds: { known: marks },
  read: ({ held }) => read(held),
};

function marks(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "known") return null;
  const found = ofKind(held, thought.of, "statement", "belief");
  return "code" in found ? found : null;
}

function isHad(held: Held, id: string): boolean {
  const { thought } = held.about(id).findLast((one) => one.thought.is === "known") ?? {};
  return thought?.is === "known" && thought.known;
}

/** What is still to be had before it, itself last: everything after all that it needs. */
export function orderOf(held: Held, id: string): readonly string[] {
  const missing = [...reached(held.graph, "needs", id), id].filter((one) => !isHad(held, one));
  const place = new Map(missing.map((one) => [one, held.find(one)?.seq ?? 0]));
  const depth = new Map(missing.map((one) => [one, depthOf(held.graph, "needs", one)]));
  return missing.toSorted(
    (a, b) =>
      (depth.get(a) ?? 0) - (depth.get(b) ?? 0) || (place.get(a) ?? 0) - (place.get(b) ?? 0),
  );
}

function read(held: Held): PrerequisitesView {
  const nodes = held.graph.nodes("needs");
  const open = nodes.filter((id) => !isHad(held, id));
  const ready = open.filter((id) =>
    [...held.graph.out("needs", id)].every((one) => isHad(held, one)),
  );
  return {
    things: nodes.length,
    had: nodes.length - open.length,
    waiting: open.length - ready.length,
    ready: { n: ready.length, first: ready.slice(0, LIMITS.thoughtsShown) },
  };
}
