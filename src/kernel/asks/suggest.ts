import { LIMITS } from "../../std/limits.ts";
import type { Suggestion } from "../../contracts/question.ts";
import type { Rule } from "../../contracts/rules.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { placeIn, useOf } from "./earlier.ts";
import { refused } from "./refusals.ts";
import { askedIn } from "../views/asked.ts";
import { newestAnswers, storedAsk } from "../views/traces.ts";
import type { World } from "../world.ts";

/**
 * What the operator's own answers point to. The same answer, given often enough in a row, becomes a
 * suggestion: a no the rule that says never, a yes to what a rule asks the rule that only observes,
 * a yes to a destination the grant that names it. What waits by its rank always waits.
 */
export function suggestionsOf(
  world: Pick<World, "journal" | "grants">,
  rules: readonly Rule[],
): readonly Suggestion[] {
  const streaks = new Map<string, Streak>();
  for (const { answer, state, ask } of newestAnswers(world.journal, LIMITS.answersLooked)) {
    if (ask === null) continue;
    const about = useOf(ask);
    const streak = streaks.get(about) ?? { ask, verdict: answer.verdict, count: 0, over: false };
    streaks.set(about, streak);
    streak.over ||= state === "revoked" || answer.verdict !== streak.verdict;
    if (!streak.over) streak.count += 1;
  }
  return [...streaks.values()]
    .filter(({ count }) => count >= LIMITS.suggestAfter)
    .flatMap((streak) => suggestionIn(world, rules, streak));
}

/** The same answer to the same use, from the newest backward. */
interface Streak {
  /** The newest ask of it. */
  readonly ask: Ask;
  readonly verdict: Answer["verdict"];
  count: number;
  /** True once an older answer was another one. */
  over: boolean;
}

function suggestionIn(
  { journal, grants }: Pick<World, "journal" | "grants">,
  rules: readonly Rule[],
  { ask, verdict, count }: Streak,
): readonly Suggestion[] {
  const asked = askedIn(journal, ask);
  if (asked === null) return [];
  const { action, question } = asked;
  const { run, name } = ask;
  const where = question.where.join(", ");
  if (verdict === "deny") {
    const rule = question.never;
    if (rules.some(({ id }) => id === rule.id)) return [];
    const says = `You said no to ${name} (${where}) ${count} times. This rule would say it.`;
    return [{ kind: "rule", says, run, rule, was: null }];
  }
  const kinds = new Set(ask.keys.map((key) => key.slice(0, key.indexOf(":"))));
  if (kinds.size === 1 && kinds.has("rule")) {
    const id = placeIn(ask.keys[0] ?? "").slice("rule:".length);
    const was = rules.find((rule) => rule.id === id);
    if (!was || was.mode === "observe") return [];
    const says = `You said yes to ${name} ${count} times when rule ${id} asked. It could observe.`;
    return [{ kind: "rule", says, run, rule: { ...was, mode: "observe" }, was }];
  }
  const goesOut = [...kinds].every((kind) => kind === "net" || kind === "private");
  const scopes = action.destinations.filter((scope) => scope.startsWith("net:"));
  if (!goesOut || action.skill === undefined || scopes.length === 0) return [];
  const { skill } = action;
  const given = grants().find((grant) => grant.skill === skill)?.scopes ?? [];
  const missing = scopes.filter((scope) => !given.includes(scope) && scope !== "net:*");
  if (missing.length === 0) return [];
  const says = `You said yes to ${name} (${where}) ${count} times. A grant would say it.`;
  const net = missing.map((scope) => `--net ${scope.slice("net:".length)}`).join(" ");
  return [{ kind: "grant", says, run, command: `nanos grant add ${skill} ${net}` }];
}

/** The rule that says never to an ask, open or answered. */
export function neverTo({ journal }: Pick<World, "journal">, id: string): Suggestion {
  const ask = storedAsk(journal, id);
  const asked = ask && askedIn(journal, ask);
  if (!ask || !asked) throw refused("unknown_approval", id);
  const { never: rule } = asked.question;
  const says = `It says never to ${ask.name} (${asked.question.where.join(", ")}).`;
  return { kind: "rule", says, run: ask.run, rule, was: null };
}
