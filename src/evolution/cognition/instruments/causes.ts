import type { CausesView, CauseView } from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import { reached } from "../graph.ts";
import type { Held } from "../held.ts";
import type { Instrument } from "../instrument.ts";

/**
 * Causes as the operator draws them. The drawing is an assumption; what follows from it is worked out:
 * whether one thing leads to another, and what has to be held still to see how much.
 */
export const instrument: Instrument<"causes"> = {
  about:
    "What causes what, as the operator draws it: an assumption, and nothing the record shows. Of two " +
    "things it works out whether one leads to the other, through what, which causes they have in " +
    "common (to be held still), and which effects (to be left alone).",
  kinds: { statement: () => null },
  read: ({ held }) => read(held),
};

function read({ graph }: Held): CausesView {
  const nodes = graph.nodes("causes");
  const roots = nodes.filter((id) => graph.into("causes", id).size === 0);
  return {
    things: nodes.length,
    links: graph.size("causes"),
    roots: { n: roots.length, first: roots.slice(0, LIMITS.thoughtsShown) },
  };
}

/** How one thing stands to another, by the drawing alone. */
export function causeOf({ graph }: Held, from: string, to: string): CauseView {
  const [after, before] = [reached(graph, "causes", from), reached(graph, "causes", to, "into")];
  const above = reached(graph, "causes", from, "into");
  // A cause of both that reaches the second only through the first does not mislead.
  const past = withoutPassing(graph, to, from);
  const below = reached(graph, "causes", to);
  return {
    leads: after.has(to),
    through: [...after].filter((id) => before.has(id)),
    common: [...above].filter((id) => past.has(id)),
    effects: [...after].filter((id) => below.has(id)),
  };
}

/** Everything that leads to a thing on some way that does not pass another. */
function withoutPassing(graph: Held["graph"], id: string, not: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const one of graph.into("causes", next)) {
      if (one === not || found.has(one)) continue;
      found.add(one);
      open.push(one);
    }
  }
  return found;
}
