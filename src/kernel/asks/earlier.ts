import type { Earlier } from "../../contracts/question.ts";
import type { Ask } from "../../contracts/run.ts";
import { LIMITS } from "../../std/limits.ts";
import { firstOf } from "../flow/past.ts";
import { newestAnswers, openAsks } from "../views/traces.ts";
import type { World } from "../world.ts";

/**
 * What the operator said to the same use before, beside a new ask of it, and what else of its kind
 * waits. It is shown and nothing more: no answer follows from an answer, and the gate knows nothing
 * of it.
 */
export function earlierOf(
  { journal, clock, recall }: Pick<World, "journal" | "clock" | "recall">,
  ask: Ask,
): Earlier | null {
  const started = firstOf(journal, ask.run)?.body;
  const facts = started?.kind === "run.started" ? recall(started.facts) : null;
  if (facts?.traits?.includes("OPERATOR_FUSION") !== true) return null;
  const use = useOf(ask);
  const said = newestAnswers(journal, LIMITS.answersLooked).flatMap((one) =>
    one.ask !== null && one.state !== "revoked" && useOf(one.ask) === use ? [one.answer] : [],
  );
  const denied = said.filter(({ verdict }) => verdict === "deny").length;
  const alike = openAsks(journal, clock.now()).filter(
    (one) => one.id !== ask.id && useOf(one) === use,
  );
  const [last] = said;
  const found = {
    ...{ allowed: said.length - denied, denied },
    last: last ? { verdict: last.verdict, at: last.at } : null,
    alike: alike.map(({ id }) => id),
  };
  return { ...found, says: textOf(found) };
}

/** `you said yes 4 times and no 1 time, the last time no; 2 more like it wait: a1, a2`. */
function textOf({ allowed, denied, last, alike }: Omit<Earlier, "says">): string {
  const times = (n: number): string => (n === 1 ? "1 time" : `${n} times`);
  const newest = last?.verdict === "allow" ? "yes" : "no";
  const said =
    last === null
      ? "you were never asked this"
      : `you said yes ${times(allowed)} and no ${times(denied)}, the last time ${newest}`;
  if (alike.length === 0) return said;
  return `${said}; ${alike.length} more like it ${alike.length === 1 ? "waits" : "wait"}: ${alike.join(", ")}`;
}

/** The use an ask is of: who wants what where, without what differs from one time to the next. */
export function useOf({ agent, name, keys }: Ask): string {
  return `${agent} ${name} ${keys.map(placeIn).toSorted().join(" ")}`;
}

/** A key without the arguments, and without whose hand was in them. */
export function placeIn(key: string): string {
  const [what = "", place = ""] = key.split("|");
  const kind = what.slice(0, what.indexOf(":"));
  return BOUND.has(kind) ? what : `${kind}:${place}`;
}

/** Keys that name a use by its arguments, and no place. */
const BOUND: ReadonlySet<string> = new Set(["rank", "rule", "doubt", "plan", "again"]);
