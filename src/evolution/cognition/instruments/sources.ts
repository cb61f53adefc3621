import type { SourceLine, SourcesView } from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { scoreOf, type Settled, shareOf, sidesOf } from "../score.ts";
import { settledIn } from "../settling.ts";

/** Sources: how often each was right, whoever it is: a paper, an agent, the operator. */
export const instrument: Instrument<"sources"> = {
  about:
    "How often the likelier side of what a source said came, among its predictions and beliefs that " +
    "were settled, with Wilson's interval. Who noted something without naming a source is the source; " +
    "an agent can name none. Sources stand in the order of what they are right at least.",
  kinds: {},
  read,
};

function read(ground: Ground): SourcesView {
  const by = new Map<string, Settled[]>();
  for (const { one, chance, came } of settledIn(ground, "prediction", "belief")) {
    const { thought } = one;
    const named =
      thought.is === "prediction" || thought.is === "belief" ? thought.source : undefined;
    const source = named ?? one.by;
    const said = by.get(source);
    if (said) said.push({ chance, came });
    else by.set(source, [{ chance, came }]);
  }
  const lines = [...by].map(([source, settled]): SourceLine => {
    const { sided, right } = sidesOf(settled);
    return { source, right: shareOf(right, sided), ...scoreOf(settled) };
  });
  return {
    tracked: lines.length,
    first: lines.toSorted(better).slice(0, LIMITS.thoughtsShown),
  };
}

/** First what is surely right more often; of equals, by name, so that there is one order. */
function better(a: SourceLine, b: SourceLine): number {
  const least = ({ right }: SourceLine): number => right.interval?.[0] ?? -1;
  return least(b) - least(a) || (a.source < b.source ? -1 : 1);
}
