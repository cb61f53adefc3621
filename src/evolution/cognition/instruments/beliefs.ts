import type { BeliefChange, BeliefsView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { LIMITS } from "../../../std/limits.ts";
import { folded, linkFault } from "../graph.ts";
import { type Held, ofKind, type One, type Wanted } from "../held.ts";
import type { Instrument } from "../instrument.ts";
import { settlementOf } from "../settling.ts";

/**
 * Beliefs: what is held to be so, how surely, and what it rests on. A belief is held no more surely
 * than the least sure of what it rests on. That is a bound and no probability: what needs several
 * things at once is usually less sure than any of them. As it is a minimum, the order in which links
 * were made or chances revised does not matter.
 */
export const instrument: Instrument<"beliefs"> = {
  about:
    "What is believed with a chance and what it rests on. A belief is held no more surely than the " +
    "least sure of what it rests on, through every link; a revision shows what changes with it. " +
    "What turned out so or not is 100 or 0. Two that contradict each other and are held with more " +
    "than 100% together are said.",
  kinds: {
    belief: (held, one) => believes(held, one),
    revision: revises,
    link: links,
    unlink: unlinks,
  },
  read: ({ held }) => read(held),
};

function believes(held: Held, { by, thought }: Wanted): Failure | null {
  if (thought.is !== "belief") return null;
  const { on = [] } = thought;
  for (const id of on) {
    const found = ofKind(held, id, "belief");
    if ("code" in found) return found;
    // What an agent believes never hangs on what it was not told of.
    if (by !== "operator" && found.by !== by) return notYours(id);
    const fault = linkFault(held.graph, "rests_on", "", id);
    if (fault !== null) return unlinkable(fault);
  }
  return null;
}

function revises(held: Held, { by, thought }: Wanted): Failure | null {
  if (thought.is !== "revision") return null;
  const found = ofKind(held, thought.of, "belief");
  if ("code" in found) return found;
  return found.by === by ? null : notYours(thought.of);
}

function notYours(id: string): Failure {
  const message = `${id} is not what the same one noted.`;
  return { code: "thought.not_yours", message, next: "Note what you believe yourself." };
}

function unlinkable(why: string): Failure {
  return { code: "thought.link", message: why, next: "nanos cognition show ID" };
}

function links(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "link") return null;
  const { from, how, to } = thought;
  const isOfBeliefs = how === "rests_on" || how === "contradicts";
  for (const id of [from, to]) {
    const found = ofKind(held, id, ...(isOfBeliefs ? BELIEFS : STATEMENTS));
    if ("code" in found) return found;
  }
  if (how === "contradicts" && held.graph.out(how, to).has(from)) {
    return unlinkable("They are linked so already.");
  }
  const fault = linkFault(held.graph, how, from, to);
  return fault === null ? null : unlinkable(fault);
}

const BELIEFS = ["belief"] as const;
const STATEMENTS = ["belief", "statement"] as const;

function unlinks(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "unlink") return null;
  const { from, how, to } = thought;
  return held.graph.out(how, from).has(to) ? null : unlinkable("They are not linked so.");
}

/** How surely a belief is held by itself, in percent: what turned out so, or the newest chance. */
export function ownChance(held: Held, one: One): number {
  const came = settlementOf(held, one.id);
  if (came === "yes") return 100;
  if (came === "no") return 0;
  const { thought } =
    held.about(one.id).findLast(({ thought: { is } }) => is === "revision") ?? one;
  return thought.is === "belief" || thought.is === "revision" ? thought.chance : 100;
}

/** How surely each belief is held, with all it rests on; `others` are supposed to have these chances. */
export function heldChances(
  held: Held,
  others: ReadonlyMap<string, number> = new Map(),
): (id: string) => number {
  return folded(held.graph, "rests_on", "out", (id, chances: readonly number[]) => {
    const one = held.find(id);
    const own = others.get(id) ?? (one ? ownChance(held, one) : 100);
    return Math.min(own, ...chances);
  });
}

/** What would be held otherwise if this belief had that chance, itself first, then oldest first. */
export function cascadeOf(held: Held, id: string, chance: number): readonly BeliefChange[] {
  const [before, after] = [heldChances(held), heldChances(held, new Map([[id, chance]]))];
  const changes = beliefsIn(held).flatMap((one): readonly BeliefChange[] => {
    const [was, will] = [before(one.id), after(one.id)];
    return was === will ? [] : [{ id: one.id, before: was, after: will, texts: one.texts }];
  });
  return changes.toSorted((a, b) => Number(b.id === id) - Number(a.id === id));
}

function beliefsIn(held: Held): readonly One[] {
  return held.all.filter(({ thought }) => thought.is === "belief");
}

function read(held: Held): BeliefsView {
  const beliefs = beliefsIn(held);
  const chance = heldChances(held);
  const lowered = beliefs.flatMap((one) => {
    const [own, now] = [ownChance(held, one), chance(one.id)];
    return now < own ? [{ id: one.id, own, held: now }] : [];
  });
  const conflicts = beliefs.flatMap(({ id }) =>
    [...held.graph.out("contradicts", id)]
      .filter((other) => chance(id) + chance(other) > 100)
      .map((other) => ({ a: id, b: other, together: chance(id) + chance(other) })),
  );
  return {
    noted: beliefs.length,
    links: held.graph.size("rests_on"),
    revised: held.all.filter(({ thought }) => thought.is === "revision").length,
    lowered: { n: lowered.length, first: lowered.slice(0, LIMITS.thoughtsShown) },
    conflicts: { n: conflicts.length, first: conflicts.slice(0, LIMITS.thoughtsShown) },
  };
}
