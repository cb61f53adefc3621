import type { LadderView } from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import { depthOf, reached } from "../graph.ts";
import type { Held } from "../held.ts";
import type { Instrument } from "../instrument.ts";

/** The ladder from what was seen to what is said of it: each rung says which it is a case of. */
export const instrument: Instrument<"ladder"> = {
  about:
    "Statements that are cases of more general ones. Says how high the ladder is, and which general " +
    "statements stand on one single case.",
  // Its statements are those of the causes.
  kinds: {},
  read: ({ held }) => read(held),
};

function read({ graph }: Held): LadderView {
  const nodes = graph.nodes("case_of");
  const general = nodes.filter((id) => graph.into("case_of", id).size > 0);
  const alone = general.flatMap((id) => {
    const below = reached(graph, "case_of", id, "into");
    const cases = [...below].filter((one) => graph.into("case_of", one).size === 0);
    return cases.length === 1 ? [id] : [];
  });
  return {
    rungs: nodes.length,
    general: general.length,
    height: Math.max(0, ...nodes.map((id) => depthOf(graph, "case_of", id, "into"))),
    fromOne: { n: alone.length, first: alone.slice(0, LIMITS.thoughtsShown) },
  };
}
